//! POSIX `sh` text for asks, and the frames that come back.
