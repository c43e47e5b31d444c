//! A source to rows: head, plan, and as many scans as it takes until what was assumed is what the whole file says.

use super::super::error::Error;
use super::super::evidence::Evidence as Judgement;
use super::super::log::{Format, Recording, Remark};
use super::super::rows::Rows;
use super::batch::Batches;
use super::blocks::Blocks;
use super::columns::Columns;
use super::damage::Damage;
use super::decisions::Decisions;
use super::detect::{self, Layout};
use super::elapsed::stated_start;
use super::evidence::Evidence;
use super::nested::Nested;
use super::number::trim;
use super::slot::{Block, Kind, Slot};
use super::split::{Row, Split};
use super::spread::Dates;
use super::table::{self, Plan};
use super::text;
use super::time::{Clock, DateOrder};
use super::{home_assistant, marks, reasons};

/// How much of a file is looked at before the first scan.
const HEAD: usize = 1 << 20;
/// How much is looked at where the head has no header: all that [`detect::layout`] searches, and rows after it.
const LONG_HEAD: usize = 5 << 20;
/// A line, or a record with quoted line ends, is shorter than this.
const LONGEST_LINE: usize = 16 << 20;
/// No decision depends on itself, so that each scan settles at least one more; there are fewer kinds of them than this.
const MOST_SCANS: usize = 12;

/// How a source is scanned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// How much text is split at a time; it grows where a line is longer.
    pub(super) block: usize,
    /// The format, where the caller says it.
    pub(super) format: Option<Format>,
    /// Rows that may be left out; one in a hundred where nothing is said.
    pub(super) max_bad_rows: Option<u64>,
}

/// Takes the rows.
pub(super) trait Sink {
    /// Forgets what was taken: the file is scanned again from its start.
    fn restart(&mut self, format: Format);
    /// Takes the next rows.
    fn push(&mut self, rows: &Rows<'_>, columns: &Columns);
    /// Hears that all rows were pushed as they are; says whether it has what it needs, or must have them again.
    fn settle(&mut self) -> bool {
        true
    }
}

/// What is known of a file beside its rows.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) format: Format,
    pub(super) evidence: Vec<Judgement>,
    pub(super) remarks: Vec<Remark>,
    pub(super) started_at: Option<jiff::civil::DateTime>,
    pub(super) header_line: u64,
}

/// What a source turned out to be.
#[derive(Debug)]
pub(super) enum Read {
    /// Rows, which the sink has.
    Rows(Scanned),
    /// A layout that has to be in memory as a whole.
    Whole(Box<Recording>),
}

/// Reads a source to its end.
pub(super) fn scan(blocks: &mut Blocks<'_, '_>, manner: Manner, sink: &mut dyn Sink) -> Result<Read, Error> {
    let mut head = Head::read(blocks, HEAD)?;
    text::check(&head.text)?;
    let end = text::line_end(&head.text);
    let history = manner.format.is_none_or(|format| format == Format::HomeAssistant);
    if history && is_history(&head.text, end) {
        head.read_all(blocks)?;
        if let Some(recording) = home_assistant::read(&head.text, end) {
            return Ok(Read::Whole(Box::new(recording?)));
        }
    }
    let mut layout = layout(blocks, &mut head, end, manner.format)?;
    layout.encoding = Some(marks::encoding(blocks.marked().unwrap_or(&head.text)));
    let format = layout.vendor.format;
    let header_line = layout.header_line;
    let Some(plan) = table::plan(head.lines(end), end, layout) else {
        return Err(Error::NotARecording {
            lines: header_line,
            line: Some(header_line),
            found: "no time in the rows".to_owned(),
        });
    };
    let mut decisions = Decisions::new(plan.slots.len());
    let mut scan = Scan { blocks, head: &head, manner, plan: &plan, used: true };
    if !head.whole {
        for _ in 0..MOST_SCANS {
            let seen = scan.run(&decisions, None)?;
            let decided = seen.decide(&plan, &decisions, &mut Vec::new());
            let same = decided == decisions;
            decisions = decided;
            if same {
                break;
            }
        }
    }
    for _ in 0..MOST_SCANS {
        sink.restart(format);
        let seen = scan.run(&decisions, Some(sink))?;
        let mut remarks = Vec::new();
        let decided = seen.decide(&plan, &decisions, &mut remarks);
        if decided == decisions && sink.settle() {
            return seen.finish(&plan, remarks, manner).map(Read::Rows);
        }
        decisions = decided;
    }
    // Not reached by a file whose decisions settle, as all do that are known.
    Err(Error::NotARecording {
        lines: header_line,
        line: Some(header_line),
        found: "rows that contradict each other at every reading".to_owned(),
    })
}

/// Whether the first line is that of Home Assistant's history.
fn is_history(head: &[u8], end: u8) -> bool {
    let first = head.get(..memchr::memchr(end, head).unwrap_or(head.len())).unwrap_or_default();
    home_assistant::read(first, end).is_some()
}

/// The start of a source.
struct Head {
    text: Vec<u8>,
    /// Whether that is all of it.
    whole: bool,
}

impl Head {
    fn read(blocks: &mut Blocks<'_, '_>, length: usize) -> Result<Self, Error> {
        let mut head = Self { text: Vec::new(), whole: false };
        head.extend(blocks, length)?;
        Ok(head)
    }

    /// Reads on until there are so many bytes.
    fn extend(&mut self, blocks: &mut Blocks<'_, '_>, length: usize) -> Result<(), Error> {
        let start = self.text.len();
        if self.whole || start >= length {
            return Ok(());
        }
        self.text.resize(length, 0);
        let read = blocks.read(self.text.get_mut(start..).unwrap_or_default())?;
        self.text.truncate(start + read);
        self.whole = self.text.len() < length;
        Ok(())
    }

    fn read_all(&mut self, blocks: &mut Blocks<'_, '_>) -> Result<(), Error> {
        while !self.whole {
            self.extend(blocks, self.text.len().saturating_mul(2).max(HEAD))?;
        }
        Ok(())
    }

    /// The whole lines.
    fn lines(&self, end: u8) -> &[u8] {
        if self.whole {
            return &self.text;
        }
        self.text.get(..memchr::memrchr(end, &self.text).map_or(0, |at| at + 1)).unwrap_or_default()
    }
}

/// Finds the layout in the head, in a longer one where it is not there, and then between blanks.
fn layout(
    blocks: &mut Blocks<'_, '_>,
    head: &mut Head,
    end: u8,
    told: Option<Format>,
) -> Result<Layout, Error> {
    let found = detect::layout(head.lines(end), end, told);
    let near = |layout: &Layout| layout.data_start < HEAD / 2;
    let found = match found {
        Ok(layout) if head.whole || near(&layout) => return Ok(layout),
        found if head.whole => found,
        _ => {
            head.extend(blocks, LONG_HEAD)?;
            detect::layout(head.lines(end), end, told)
        }
    };
    match found {
        Ok(layout) => Ok(layout),
        // What was understood needs no other reading.
        Err(error @ (Error::OtherFormat { .. } | Error::AnotherKind { .. })) => Err(error),
        Err(error) => {
            let Some(least) = between_blanks(&head.text, end, told) else { return Err(error) };
            blocks.between_blanks(least)?;
            let length = head.text.len();
            *head = Head::read(blocks, length)?;
            detect::layout(head.lines(end), end, told).map_err(|_| error)
        }
    }
}

/// Tries columns that are set apart by blanks alone: runs of at least two, then of one.
fn between_blanks(head: &[u8], end: u8, told: Option<Format>) -> Option<usize> {
    const LOOKED_AT: usize = 1 << 16;
    let head = head.get(..LOOKED_AT).unwrap_or(head);
    if memchr::memchr(b'\t', head).is_some() {
        return None;
    }
    [2, 1].into_iter().find(|least| {
        let mut tabs = Vec::with_capacity(head.len());
        text::Tabbed::new(*least).push(head, &mut tabs);
        detect::layout(&tabs, end, told).is_ok()
    })
}

/// One way through a source after the other.
struct Scan<'a, 's, 'p> {
    blocks: &'a mut Blocks<'s, 'p>,
    head: &'a Head,
    manner: Manner,
    plan: &'a Plan,
    /// Whether the source stands where the head ends.
    used: bool,
}

/// What one way through a source showed.
struct Seen {
    evidence: Evidence,
    damage: Damage,
    dates: Dates,
    first_clock: Option<Clock>,
}

impl Scan<'_, '_, '_> {
    /// Goes through the source, or through its head where there is no sink.
    fn run(&mut self, decisions: &Decisions, mut sink: Option<&mut dyn Sink>) -> Result<Seen, Error> {
        let plan = self.plan;
        let end = plan.end;
        let mut slots = plan.slots.clone();
        dated(&mut slots, &decisions.orders);
        let mut batches = Batches::new(plan, decisions, slots.len());
        let mut damage = Damage::new(slots.len());
        let mut dates = Dates::new(plan);
        let mut nested = Nested::default();
        let mut split = Split::default();
        let mut head = self.head.text.get(plan.layout.data_start..).unwrap_or_default();
        if sink.is_some() && !self.head.whole && !std::mem::take(&mut self.used) {
            self.skip_head()?;
        }
        let mut buffer = vec![0; self.manner.block.max(1)];
        let (mut filled, mut line) = (0, plan.layout.data_line);
        let mut cells_before: Option<u32> = None;
        loop {
            if filled == buffer.len() {
                if filled >= LONGEST_LINE {
                    return Err(Error::NotText { found: "a line of more than 16 MiB" });
                }
                buffer.resize(filled * 2, 0);
            }
            let space = buffer.get_mut(filled..).unwrap_or_default();
            let read = if head.is_empty() {
                if sink.is_some() && !self.head.whole { self.blocks.read(space)? } else { 0 }
            } else {
                let length = head.len().min(space.len());
                let (now, later) = head.split_at(length);
                if let Some(space) = space.get_mut(..length) {
                    space.copy_from_slice(now);
                }
                head = later;
                length
            };
            filled += read;
            let ended = read == 0;
            // The head alone ends somewhere in a line.
            let at_end = ended && (sink.is_some() || self.head.whole);
            let open = at_end && filled > 0 && buffer.get(filled - 1) != Some(&end);
            if open {
                if filled == buffer.len() {
                    buffer.push(0);
                }
                if let Some(last) = buffer.get_mut(filled) {
                    *last = end;
                }
                filled += 1;
            }
            let text = buffer.get(..filled).unwrap_or_default();
            let consumed = if decisions.quoted {
                split.quoted(text, plan.layout.delimiter, end, at_end)
            } else {
                let whole = memchr::memrchr(end, text).map_or(0, |at| at + 1);
                let text = text.get(..whole).unwrap_or_default();
                if !plan.layout.wrapped && memchr::memchr(b'"', text).is_some() {
                    // Quotes may hide delimiters: all over again with an eye on them.
                    batches.evidence.quoted = true;
                    break;
                }
                whole
            };
            let text = text.get(..consumed).unwrap_or_default();
            let lines = memchr::memchr_iter(end, text).count();
            if !decisions.quoted {
                split.plain(text, plan.layout.delimiter, end, lines);
            }
            let mut rows = std::mem::take(&mut split.rows);
            if open && plan.layout.nesting.is_none() {
                let before = rows.len().checked_sub(2).and_then(|row| rows.get(row)).map(|row| row.cells);
                let before = before.or(cells_before);
                let columns = u32::try_from(plan.layout.columns.len()).unwrap_or(u32::MAX);
                if let (Some(last), Some(before)) = (rows.last().copied(), before) {
                    let (start, stop) = split.line(last);
                    let blank = trim(text.get(start..stop).unwrap_or_default()).is_empty();
                    if last.cells < before.min(columns) && !blank {
                        damage.cut = Some((line + lines_before(text, start, end), last.cells, before));
                        rows.pop();
                    }
                }
            }
            cells_before = rows.last().map(|row| row.cells).or(cells_before);
            let block = Block { text, split: &split };
            if plan.layout.nesting.is_some() {
                nested.read(plan, block, &mut rows, &mut slots);
            } else {
                for slot in &mut slots {
                    slot.read(block, &rows);
                }
            }
            dates.push(block, &rows);
            let line_of = |row: Row| line + lines_before(text, split.line(row).0, end);
            damage.push(plan, &mut slots, block, &mut rows, line_of);
            if self.manner.max_bad_rows.is_some_and(|most| damage.total() > most) {
                damage.judge(plan, 0, self.manner.max_bad_rows)?;
            }
            line += u64::try_from(lines).unwrap_or(u64::MAX);
            if !rows.is_empty() {
                batches.push(&mut slots, rows.len());
                if let Some(sink) = &mut sink {
                    sink.push(&batches.columns.as_rows(&batches.shown), &batches.columns);
                }
            }
            split.rows = rows;
            buffer.copy_within(consumed..filled, 0);
            filled -= consumed;
            if ended {
                break;
            }
        }
        let time_slot = slots.iter().find(|slot| slot.role == plan.time.role);
        let first_clock = time_slot.and_then(|slot| slot.first).filter(|_| plan.time.from_clock);
        let mut evidence = batches.evidence;
        evidence.quoted |= decisions.quoted;
        Ok(Seen { evidence, damage, dates, first_clock })
    }

    /// Puts the source where the head ends.
    fn skip_head(&mut self) -> Result<(), Error> {
        self.blocks.restart()?;
        let mut skipped = vec![0; self.head.text.len()];
        self.blocks.read(&mut skipped)?;
        Ok(())
    }
}

/// Gives slots of dates their order of day and month.
fn dated(slots: &mut [Slot], orders: &[DateOrder]) {
    for (slot, order) in slots.iter_mut().zip(orders) {
        if let Kind::Clock { order: own } = &mut slot.kind {
            *own = *order;
        }
    }
}

/// Line ends before a place.
fn lines_before(text: &[u8], place: usize, end: u8) -> u64 {
    let before = text.get(..place).unwrap_or_default();
    u64::try_from(memchr::memchr_iter(end, before).count()).unwrap_or(u64::MAX)
}

impl Seen {
    fn decide(&self, plan: &Plan, before: &Decisions, remarks: &mut Vec<Remark>) -> Decisions {
        let (orders, told) = self.dates.orders(plan);
        if let Some((line, cells, full)) = self.damage.cut {
            remarks.push(Remark::at(
                "last_line_truncated",
                format!("the last line has {cells} of {full} fields and was left out"),
                line,
            ));
        }
        if !told {
            remarks.push(Remark::new(
                "date_order_assumed",
                "day and month cannot be told apart in the dates; month first was assumed",
            ));
        }
        self.damage.remarks(plan, remarks);
        let shown_s = self.dates.edges(plan).map(|(first, last)| first.until(last));
        let evidence = Evidence { shown_s, ..self.evidence.clone() };
        let decided = evidence.decide(plan, before, orders, remarks);
        if self.clock(plan).is_some_and(|clock| clock.ahead_s == 0) {
            let usual = evidence.pace.median();
            evidence.clock_changes.remarks(usual, self.started_at(plan), remarks);
        }
        decided
    }

    /// The wall clock of the first row.
    fn clock(&self, plan: &Plan) -> Option<Clock> {
        self.first_clock.or_else(|| self.dates.edges(plan).map(|(first, _)| first))
    }

    /// That clock's civil time, else the start that is stated above the rows.
    fn started_at(&self, plan: &Plan) -> Option<jiff::civil::DateTime> {
        self.clock(plan).and_then(Clock::civil).or_else(|| stated_start(&plan.layout.preamble))
    }

    /// What is to be said of a file that was read as it should be.
    fn finish(self, plan: &Plan, remarks: Vec<Remark>, manner: Manner) -> Result<Scanned, Error> {
        let layout = &plan.layout;
        if self.evidence.rows == 0 {
            return Err(Error::NoRows { line: layout.header_line });
        }
        self.damage.judge(plan, self.evidence.rows, manner.max_bad_rows)?;
        let present = |slot: usize| self.evidence.present.get(slot) == Some(&true);
        for (first, second) in &plan.twins {
            let differ = self.evidence.differs.get(*second) == Some(&true);
            if differ && present(*first) && present(*second) {
                let counted = |slot: usize| {
                    let field = plan.slots.get(slot).map_or(usize::MAX, |slot| slot.field);
                    u64::try_from(field).unwrap_or(u64::MAX).saturating_add(1)
                };
                return Err(Error::DuplicateColumn {
                    line: layout.header_line,
                    header: plan.header(*second).to_owned(),
                    first: counted(*first),
                    second: counted(*second),
                });
            }
        }
        let mut slots = plan.slots.clone();
        dated(&mut slots, &self.dates.orders(plan).0);
        let mut evidence = reasons::of(layout, &slots, &remarks);
        evidence.extend(reasons::settled(layout, &remarks));
        let started_at = self.started_at(plan);
        Ok(Scanned { format: plan.format(), evidence, remarks, started_at, header_line: layout.header_line })
    }
}
