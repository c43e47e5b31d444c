//! Columns cut into bins.

/// More bins would not fit half a byte's range, and find no better splits in rows as noisy as meter readings.
pub(crate) const MOST_BINS: usize = 127;
/// Edges are read off at most this many values of a column.
const SAMPLE: usize = 2048;

/// A table of numbers by columns, to which rows are added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    columns: Vec<Vec<f64>>,
}

/// The bins of a table.
#[derive(Clone, Debug)]
pub(crate) struct Binned {
    /// The bin of each row, column by column.
    pub(super) columns: Vec<Vec<u8>>,
    /// The edges of each column.
    pub(super) edges: Vec<Vec<f64>>,
}

impl Table {
    /// Adds a row, which has as many values as the rows before it.
    pub(crate) fn push(&mut self, row: &[f64]) {
        if self.columns.is_empty() {
            self.columns.resize(row.len(), Vec::new());
        }
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(*value);
        }
    }

    /// Cuts each column into at most `most` bins (and [`MOST_BINS`]) of about as many rows each.
    pub(crate) fn binned(&self, most: usize) -> Binned {
        let edges: Vec<Vec<f64>> = self.columns.iter().map(|column| edges_of(column, most)).collect();
        let columns = self
            .columns
            .iter()
            .zip(&edges)
            .map(|(column, edges)| column.iter().map(|value| bin_of(edges, *value)).collect())
            .collect();
        Binned { columns, edges }
    }
}

/// The bin of a value: how many edges lie below it. What is not a number lies in the first.
pub(super) fn bin_of(edges: &[f64], value: f64) -> u8 {
    u8::try_from(edges.partition_point(|edge| *edge < value)).unwrap_or(u8::MAX)
}

/// Values that part a column into bins; each lies in the bin that it ends.
///
/// An edge is a value of the column, and not one between two, so that any rising function of the column is cut alike.
fn edges_of(column: &[f64], most: usize) -> Vec<f64> {
    let most = most.clamp(2, MOST_BINS);
    let mut values: Vec<f64> = column.iter().copied().step_by(column.len().div_ceil(SAMPLE).max(1)).collect();
    values.sort_by(f64::total_cmp);
    let mut distinct = values.clone();
    distinct.dedup();
    if distinct.len() > most {
        let count = values.len();
        distinct = (1..most).filter_map(|bin| values.get(bin * count / most)).copied().collect();
        distinct.dedup();
        distinct
    } else {
        distinct.pop(); // Nothing lies beyond the greatest.
        distinct
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binned(column: &[f64], most: usize) -> Binned {
        let mut table = Table::default();
        for value in column {
            table.push(&[*value]);
        }
        table.binned(most)
    }

    #[test]
    fn few_values_have_a_bin_each() {
        let binned = binned(&[3.0, 1.0, 2.0, 1.0, 3.0], 10);
        assert_eq!(binned.edges, [[1.0, 2.0]]);
        assert_eq!(binned.columns, [[2, 0, 1, 0, 2]]);
    }

    #[test]
    fn many_values_share_bins_of_about_one_size() {
        let column: Vec<f64> = (0..1000).map(|number| f64::from(number * 7 % 1000).powi(3)).collect();
        let binned = binned(&column, 50);
        let mut sizes = vec![0_usize; 50];
        for bin in &binned.columns[0] {
            sizes[usize::from(*bin)] += 1;
        }
        assert!(sizes.iter().all(|size| (19..=21).contains(size)), "{sizes:?}");
    }

    #[test]
    fn a_constant_has_one_bin_and_what_is_no_number_lies_in_the_first() {
        assert_eq!(binned(&[5.0; 9], 127).edges, [[0.0_f64; 0]]);
        assert_eq!(bin_of(&[1.0, 2.0], f64::NAN), 0);
        assert_eq!(bin_of(&[1.0, 2.0], f64::INFINITY), 2);
    }
}
