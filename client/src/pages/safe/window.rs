//! The rows that are drawn: those near the screen and the one with the focus; the others are gaps of their height.
//! Pure: heights in, pieces out.

/// A piece of the list, from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Piece {
    /// The row of this number.
    Row(usize),
    /// The gap of this number; see [`Drawn::gaps`].
    Gap(usize),
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawn {
    /// In order.
    pub pieces: Vec<Piece>,
    /// Heights of the gaps: before, between, after.
    pub gaps: [f64; 3],
}

/// Heights of rows: measured where a row was drawn, guessed elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Heights {
    known: Vec<Option<f64>>,
    guess: f64,
}

impl Heights {
    /// Of as many rows, none measured yet.
    #[must_use]
    pub fn new(count: usize, guess: f64) -> Self {
        Self {
            known: vec![None; count],
            guess,
        }
    }

    /// Of another list, as tall as these were on the whole.
    #[must_use]
    pub fn for_count(&self, count: usize) -> Self {
        Self::new(count, self.guess)
    }

    /// Keeps what was measured of one row; the others are guessed from it.
    pub fn measure(&mut self, row: usize, height: f64) {
        if let Some(known) = self.known.get_mut(row)
            && height > 0.0
        {
            *known = Some(height);
            // Slowly, so that one tall row does not make the whole list jump.
            self.guess += (height - self.guess) / 16.0;
        }
    }

    fn of(&self, row: usize) -> f64 {
        self.known.get(row).copied().flatten().unwrap_or(self.guess)
    }

    fn sum(&self, from: usize, to: usize) -> f64 {
        (from..to).map(|row| self.of(row)).sum()
    }

    /// Where a row begins below the first.
    #[must_use]
    pub fn top(&self, row: usize) -> f64 {
        self.sum(0, row.min(self.known.len()))
    }

    /// What to draw when the screen shows the list from `top` to `bottom`. `kept` is drawn wherever it is.
    #[must_use]
    pub fn draw(&self, top: f64, bottom: f64, kept: Option<usize>) -> Drawn {
        let count = self.known.len();
        let (mut from, mut to) = (0, count);
        if count > WHOLE {
            let mut at = 0.0;
            from = count;
            for row in 0..count {
                let end = at + self.of(row);
                if end > top - AROUND && from == count {
                    from = row;
                }
                at = end;
                if at > bottom + AROUND {
                    to = row + 1;
                    break;
                }
            }
            from = from.min(count.saturating_sub(1));
        }
        self.pieces(from, to.max(from), kept.filter(|kept| *kept < count))
    }

    fn pieces(&self, from: usize, to: usize, kept: Option<usize>) -> Drawn {
        let (before, after) = match kept {
            Some(kept) if kept < from => (Some(kept), None),
            Some(kept) if kept >= to => (None, Some(kept)),
            _ => (None, None),
        };
        let count = self.known.len();
        let mut drawn = Drawn::default();
        let gap = |drawn: &mut Drawn, number: usize, from: usize, to: usize| {
            if let Some(height) = drawn.gaps.get_mut(number) {
                *height = self.sum(from, to);
            }
            drawn.pieces.push(Piece::Gap(number));
        };
        // The gap between lies on the side of the kept row; the other side has but one.
        if let Some(kept) = before {
            gap(&mut drawn, 0, 0, kept);
            drawn.pieces.push(Piece::Row(kept));
            gap(&mut drawn, 1, kept + 1, from);
        } else {
            gap(&mut drawn, 0, 0, from);
        }
        drawn.pieces.extend((from..to).map(Piece::Row));
        if let Some(kept) = after {
            gap(&mut drawn, 1, to, kept);
            drawn.pieces.push(Piece::Row(kept));
            gap(&mut drawn, 2, kept + 1, count);
        } else {
            gap(&mut drawn, 2, to, count);
        }
        drawn
    }
}

/// Up to here every row is drawn: the browser's own search finds them all.
const WHOLE: usize = 120;
/// Pixels that are drawn above and below the screen.
const AROUND: f64 = 800.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_drawn_whole() {
        let drawn = Heights::new(3, 70.0).draw(0.0, 10.0, None);
        assert_eq!(rows(&drawn), [0, 1, 2]);
        assert!(drawn.gaps.iter().all(|height| *height == 0.0));
    }

    #[test]
    fn a_long_list_is_drawn_near_the_screen_and_keeps_its_height() {
        let heights = Heights::new(10_000, 70.0);
        for (top, kept) in [
            (0.0, None),
            (350_000.0, Some(0)),
            (350_000.0, Some(9_999)),
            (350_000.0, Some(5_001)),
            (699_000.0, Some(7)),
            (900_000.0, None),
        ] {
            let drawn = heights.draw(top, top + 900.0, kept);
            let rows = rows(&drawn);
            assert!(rows.len() < 60, "{top} {kept:?}: {} rows", rows.len());
            assert!(rows.is_sorted());
            let height = drawn.gaps.iter().sum::<f64>() + rows.len() as f64 * 70.0;
            assert!((height - 700_000.0).abs() < 1.0, "{top} {kept:?}: {height}");
            assert!(kept.is_none_or(|kept| rows.contains(&kept)));
        }
        let drawn = heights.draw(350_000.0, 350_900.0, None);
        assert!(rows(&drawn).contains(&5_000) && rows(&drawn).contains(&5_012));
    }

    #[test]
    fn measured_rows_move_those_below() {
        let mut heights = Heights::new(500, 70.0);
        heights.measure(3, 150.0);
        assert!(heights.top(4) > 4.0 * 70.0 + 70.0);
        let drawn = heights.draw(20_000.0, 20_900.0, None);
        let gap: f64 = drawn.gaps[0];
        let first = *rows(&drawn).first().unwrap_or(&0);
        assert!((gap - heights.top(first)).abs() < 0.01);
    }

    fn rows(drawn: &Drawn) -> Vec<usize> {
        let rows = drawn.pieces.iter().filter_map(|piece| match piece {
            Piece::Row(row) => Some(*row),
            Piece::Gap(_) => None,
        });
        rows.collect()
    }
}
