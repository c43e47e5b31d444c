//! One regression tree, and how it grows.

use serde::{Deserialize, Serialize};

use super::bins::{Binned, MOST_BINS};

/// A tree: the first node is the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Node {
    Leaf {
        value: f64,
    },
    /// Rows whose bin of the column is at most `bin` go on at `low`, the others at `high`.
    Split {
        column: usize,
        bin: u8,
        low: usize,
        high: usize,
    },
}

/// The limits of growth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Growth {
    /// At most this many leaves.
    pub(crate) leaves: usize,
    /// The rows of a leaf weigh at least this much together; a row of today weighs 1.
    pub(crate) least_weight: f64,
    /// A leaf is drawn to zero as if rows of this weight lay there.
    pub(crate) penalty: f64,
}

/// What a row, a bin or a leaf pulls at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pull {
    /// The weighted sum of the descents.
    pub(super) descent: f64,
    pub(super) weight: f64,
}

impl Pull {
    fn add(&mut self, other: Self) {
        self.descent += other.descent;
        self.weight += other.weight;
    }

    fn without(self, other: Self) -> Self {
        Self { descent: self.descent - other.descent, weight: self.weight - other.weight }
    }

    /// Twice the loss that the best value of a leaf saves.
    fn saving(self, penalty: f64) -> f64 {
        self.descent * self.descent / (self.weight + penalty).max(f64::MIN_POSITIVE)
    }
}

/// A leaf that may still be split.
struct Open {
    node: usize,
    rows: Vec<usize>,
    sum: Pull,
    /// The pull of each bin of each column that this tree may look at.
    histogram: Vec<[Pull; MOST_BINS]>,
    best: Option<Best>,
}

/// The best split of a leaf.
#[derive(Clone, Copy)]
struct Best {
    gain: f64,
    column: usize,
    bin: u8,
}

impl Tree {
    /// Grows a tree on some of the rows and columns of a table; `pulls` has one entry per row of the table.
    ///
    /// Answers the tree, whose leaves are the best for squared loss, and the rows that came to each leaf, by node.
    pub(super) fn grow(
        table: &Binned,
        rows: Vec<usize>,
        columns: &[usize],
        pulls: &[Pull],
        growth: Growth,
    ) -> (Self, Vec<(usize, Vec<usize>)>) {
        let mut nodes = vec![Node::Leaf { value: 0.0 }];
        let mut sum = Pull::default();
        rows.iter().filter_map(|row| pulls.get(*row)).for_each(|pull| sum.add(*pull));
        let histogram = histogram(table, &rows, columns, pulls);
        let mut root = Open { node: 0, rows, sum, histogram, best: None };
        root.best = root.seek(table, columns, growth);
        let mut leaves = vec![root];
        while leaves.len() < growth.leaves {
            let Some((place, best)) = leaves
                .iter()
                .enumerate()
                .filter_map(|(place, leaf)| Some((place, leaf.best?)))
                .reduce(|a, b| if b.1.gain > a.1.gain { b } else { a })
            else {
                break;
            };
            let leaf = leaves.swap_remove(place);
            let (low, high) = (nodes.len(), nodes.len() + 1);
            nodes.extend([Node::Leaf { value: 0.0 }; 2]);
            if let Some(node) = nodes.get_mut(leaf.node) {
                *node = Node::Split { column: best.column, bin: best.bin, low, high };
            }
            let last = leaves.len() + 2 >= growth.leaves;
            leaves.extend(leaf.part(best, (low, high), table, columns, pulls, growth, last));
        }
        for leaf in &leaves {
            if let Some(node) = nodes.get_mut(leaf.node) {
                let weight = leaf.sum.weight + growth.penalty;
                *node = Node::Leaf { value: if weight > 0.0 { leaf.sum.descent / weight } else { 0.0 } };
            }
        }
        (Self { nodes }, leaves.into_iter().map(|leaf| (leaf.node, leaf.rows)).collect())
    }

    /// The value at a row, of which `bin` tells the bin of a column.
    pub(super) fn value(&self, bin: impl Fn(usize) -> u8) -> f64 {
        let mut place = 0;
        // Children lie behind their parent, so this ends.
        loop {
            match self.nodes.get(place) {
                Some(Node::Split { column, bin: most, low, high }) => {
                    place = if bin(*column) <= *most { *low } else { *high }.max(place + 1);
                }
                Some(Node::Leaf { value }) => return *value,
                None => return 0.0,
            }
        }
    }

    /// Gives the leaf of that node another value.
    pub(super) fn set(&mut self, node: usize, to: f64) {
        if let Some(Node::Leaf { value }) = self.nodes.get_mut(node) {
            *value = to;
        }
    }

    /// The tree whose every leaf says `factor` times as much.
    pub(super) fn scaled(mut self, factor: f64) -> Self {
        for node in &mut self.nodes {
            if let Node::Leaf { value } = node {
                *value *= factor;
            }
        }
        self
    }
}

/// The pull of each bin of each of `columns` over `rows`.
fn histogram(table: &Binned, rows: &[usize], columns: &[usize], pulls: &[Pull]) -> Vec<[Pull; MOST_BINS]> {
    let gathered: Vec<(usize, Pull)> =
        rows.iter().filter_map(|row| Some((*row, *pulls.get(*row)?))).collect();
    columns
        .iter()
        .map(|column| {
            let mut sums = [Pull::default(); MOST_BINS];
            if let Some(bins) = table.columns.get(*column) {
                for (row, pull) in &gathered {
                    if let Some(sum) = bins.get(*row).and_then(|bin| sums.get_mut(usize::from(*bin))) {
                        sum.add(*pull);
                    }
                }
            }
            sums
        })
        .collect()
}

impl Open {
    /// The split that saves most loss, if one saves any and leaves enough on both sides.
    fn seek(&self, table: &Binned, columns: &[usize], growth: Growth) -> Option<Best> {
        let whole = self.sum.saving(growth.penalty);
        if self.sum.weight < 2.0 * growth.least_weight {
            return None;
        }
        // Rounding alone saves this much; what saves no more is no split.
        let mut most = whole + 1e-12 * whole.max(f64::MIN_POSITIVE);
        let mut best = None;
        for (&column, sums) in columns.iter().zip(&self.histogram) {
            let edges = table.edges.get(column).map_or(0, Vec::len);
            let mut low = Pull::default();
            for (bin, sum) in (0..).zip(sums.iter().take(edges)) {
                low.add(*sum);
                let high = self.sum.without(low);
                if low.weight < growth.least_weight {
                    continue;
                }
                if high.weight < growth.least_weight {
                    break;
                }
                let saving = low.saving(growth.penalty) + high.saving(growth.penalty);
                if saving > most {
                    most = saving;
                    best = Some(Best { gain: saving - whole, column, bin });
                }
            }
        }
        best
    }

    /// Parts the leaf; the last of a tree are not looked at again.
    #[expect(clippy::too_many_arguments, reason = "all of what growing knows")]
    fn part(
        self,
        best: Best,
        (low, high): (usize, usize),
        table: &Binned,
        columns: &[usize],
        pulls: &[Pull],
        growth: Growth,
        last: bool,
    ) -> [Self; 2] {
        let bins = table.columns.get(best.column).map(Vec::as_slice).unwrap_or_default();
        let (low_rows, high_rows): (Vec<usize>, Vec<usize>) =
            self.rows.into_iter().partition(|row| bins.get(*row).is_some_and(|bin| *bin <= best.bin));
        let mut low_sum = Pull::default();
        low_rows.iter().filter_map(|row| pulls.get(*row)).for_each(|pull| low_sum.add(*pull));
        let high_sum = self.sum.without(low_sum);
        let (low_histogram, high_histogram) = if last {
            (Vec::new(), Vec::new())
        } else {
            let mut rest = self.histogram;
            let low_is_smaller = low_rows.len() <= high_rows.len();
            let smaller =
                histogram(table, if low_is_smaller { &low_rows } else { &high_rows }, columns, pulls);
            for (rest, part) in rest.iter_mut().zip(&smaller) {
                for (rest, part) in rest.iter_mut().zip(part) {
                    *rest = rest.without(*part);
                }
            }
            if low_is_smaller { (smaller, rest) } else { (rest, smaller) }
        };
        let sides = [(low, low_rows, low_sum, low_histogram), (high, high_rows, high_sum, high_histogram)];
        sides.map(|(node, rows, sum, histogram)| {
            let mut side = Self { node, rows, sum, histogram, best: None };
            side.best = side.seek(table, columns, growth);
            side
        })
    }
}
