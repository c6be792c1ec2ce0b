//! How a report may look where it goes. The caller knows the place: nothing here reads the environment.

/// What the place a report is written to can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns; `None` where there is no telling, and [`Look::WIDTH`] is taken.
    pub width: Option<usize>,
    /// Whether colours may be used.
    pub colour: bool,
    /// Whether signs outside ASCII may be used for the report's own marks; text of the patient is kept either way.
    pub unicode: bool,
}

impl Look {
    /// Columns of a file or a pipe.
    pub const WIDTH: usize = 100;

    /// Columns to fill: never under 40, where wrapping would hide more than it shows.
    pub fn columns(self) -> usize {
        self.width.unwrap_or(Self::WIDTH).max(40)
    }
}

impl Default for Look {
    /// A file: no colour, no width, UTF-8.
    fn default() -> Self {
        Self {
            width: None,
            colour: false,
            unicode: true,
        }
    }
}
