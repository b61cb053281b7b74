/** Changes that were captured instead of sent, to be shown in another form. */
export class Captured extends Error {
  constructor(readonly requests: readonly Request[]) {
    super("captured");
  }
}
