//! File system for one test that can be full or read-only.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// In-memory file system (`tmpfs`), unmounted on drop.
pub struct Disk {
    directory: TempDir,
    mebibytes: usize,
}

impl Disk {
    /// Mounts an empty file system of this size. Returns `None` when mounting fails, for example without root
    /// privileges.
    #[must_use]
    pub fn mount(mebibytes: usize) -> Option<Self> {
        let directory = TempDir::new().expect("a directory");
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path()).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then_some(Self { directory, mebibytes })
    }

    /// Returns the mount point.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file that uses all free space.
    ///
    /// # Panics
    /// When the file system is larger than its configured size.
    pub fn fill(&self) {
        let written = std::fs::write(self.path().join(FILLER), vec![0; (self.mebibytes + 1) << 20]);
        assert!(written.is_err(), "the disk is larger than that");
    }

    /// Removes the file that [`fill`](Self::fill) wrote.
    ///
    /// # Panics
    /// When the file does not exist.
    pub fn make_room(&self) {
        std::fs::remove_file(self.path().join(FILLER)).expect("a disk that was filled");
    }

    /// Remounts the file system with an option such as `ro`.
    ///
    /// # Panics
    /// When remounting fails.
    pub fn remount(&self, option: &str) {
        let options = format!("remount,{option}");
        let status = Command::new("mount").args(["-o", &options]).arg(self.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "the disk cannot be mounted with {option}");
    }
}

const FILLER: &str = "filler";

impl Drop for Disk {
    fn drop(&mut self) {
        _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
