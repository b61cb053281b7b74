/** What is written, one on each line. */
export const lines = (text: string) => text.split("\n").map((line) => line.trim()).filter(Boolean);
