//! Long lists, a page at a time.

use std::collections::HashMap;

use axum::http::StatusCode;
use grid_core::{
    error::{Place, excerpt},
    store::{self, Page},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::problem::Problem;

/// Which part of a list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The `next` of the page before.
    after: Option<Uuid>,
    /// How many items at most: 100 where nothing is said, 1000 at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Limit<100, { Page::MOST }>,
}

/// Which part of a list is wanted whose items are named otherwise than by an id alone.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NamedQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many items at most: 1000 where nothing is said, 10000 at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10000)]
    limit: Limit<1000, 10_000>,
}

/// How many items of one instant a list can be gone through.
const MOST_OF_AN_INSTANT: u32 = 10_000;

impl NamedQuery {
    /// The page of a list of the store whose items are named by their ids; it has no more than the store gives at once.
    pub(crate) fn page(&self) -> Result<Page, Problem> {
        let id = |after: &String| Uuid::try_parse(after).map_err(|_| no_such_place(after));
        Ok(Page { after: self.after.as_ref().map(id).transpose()?, limit: self.limit.get().min(Page::MOST) })
    }

    /// From which instant on, and how many of its items, the page of a list is made whose items are named by instants: of
    /// several of one instant the later ones are numbered, so the list begins with the first of that instant.
    pub(crate) fn reach(&self) -> Result<(Option<Timestamp>, u32), Problem> {
        let Some(after) = &self.after else { return Ok((None, self.limit.get().saturating_add(1))) };
        let (instant, number) = after.split_once('~').unwrap_or((after, "1"));
        let (Ok(instant), Ok(number @ ..=MOST_OF_AN_INSTANT)) = (instant.parse(), number.parse()) else {
            return Err(no_such_place(after));
        };
        Ok((Some(instant), self.limit.get().saturating_add(number).saturating_add(1)))
    }

    /// The page of a whole list that is asked for.
    pub(crate) fn of<T>(&self, items: Vec<T>, name: impl Fn(&T) -> String) -> Result<Listed<T>, Problem> {
        Listed::cut(items, self.after.as_deref(), self.limit.items(), name)
    }
}

/// How many items a page has at most, from 1 to `MOST`, and `USUAL` where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Limit<const USUAL: u32, const MOST: u32>(u32);

/// Of the lists whose items are small.
pub(crate) type LongLimit = Limit<10_000, 100_000>;

impl<const USUAL: u32, const MOST: u32> Limit<USUAL, MOST> {
    pub(crate) const fn get(self) -> u32 {
        self.0
    }

    pub(crate) fn items(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const USUAL: u32, const MOST: u32> Default for Limit<USUAL, MOST> {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl<const USUAL: u32, const MOST: u32> TryFrom<u32> for Limit<USUAL, MOST> {
    type Error = String;

    fn try_from(limit: u32) -> Result<Self, String> {
        if (1..=MOST).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(format!("expected a limit from 1 to {MOST}, got {limit}"))
        }
    }
}

impl From<PageQuery> for Page {
    fn from(query: PageQuery) -> Self {
        Self { after: query.after, limit: query.limit.get() }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// What to ask for the next page with, as `after`; `null` where there are no more.
    pub(crate) next: Option<String>,
}

impl<T> Listed<T> {
    /// A list that is whole.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page of the store, as clients see it.
    pub(crate) fn of<S>(listed: store::Listed<S>, show: impl FnMut(S) -> T) -> Self {
        Self {
            items: listed.items.into_iter().map(show).collect(),
            next: listed.next.map(|id| id.to_string()),
        }
    }

    /// Cuts a page out of a whole list whose items are named by `name`; of several of one name the later ones are numbered.
    ///
    /// # Errors
    ///
    /// Where no item has the name `after`: it is gone, and where the page would begin is not known.
    pub(crate) fn cut(
        items: Vec<T>,
        after: Option<&str>,
        limit: usize,
        name: impl Fn(&T) -> String,
    ) -> Result<Self, Problem> {
        let mut times: HashMap<String, usize> = HashMap::new();
        let mut names = items.iter().map(|item| {
            let name = name(item);
            let time = times.entry(name.clone()).or_default();
            *time += 1;
            if *time == 1 { name } else { format!("{name}~{time}") }
        });
        let begin = match after {
            None => 0,
            Some(after) => match names.position(|name| name == after) {
                Some(at) => at.saturating_add(1),
                None => return Err(no_such_place(after)),
            },
        };
        let more = items.len() > begin.saturating_add(limit);
        let next = if more { names.nth(limit.saturating_sub(1)) } else { None };
        Ok(Self { items: items.into_iter().skip(begin).take(limit).collect(), next })
    }
}

/// A place in a list that is not there.
pub(crate) fn no_such_place(after: &str) -> Problem {
    let after = excerpt(after);
    let place = Place {
        pointer: Some("after".to_owned()),
        expected: "the `next` of a page".to_owned(),
        got: after.clone(),
        ..Place::default()
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("nothing in this list is `{after}` (any more)"))
        .hint("begin again without `after`, with the same parameters on every page")
        .place(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_at_least_one_item_and_not_more_than_is_allowed() {
        type Ten = Limit<5, 10>;
        assert_eq!(Ten::default().get(), 5);
        assert_eq!([1, 10].map(|limit| Ten::try_from(limit).unwrap().items()), [1, 10]);
        for wrong in [0, 11] {
            assert!(Ten::try_from(wrong).unwrap_err().contains("from 1 to 10"));
        }
    }

    #[test]
    fn a_page_named_by_instants_reaches_from_the_one_before_it() {
        let page = |after: Option<&str>| NamedQuery { after: after.map(str::to_owned), limit: Limit(3) };
        assert_eq!(page(None).reach().unwrap(), (None, 4));
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(page(Some(at)).reach().unwrap(), (Some(at.parse().unwrap()), 5));
        assert_eq!(page(Some(&format!("{at}~2"))).reach().unwrap().1, 6);
        for wrong in ["", "yesterday", "2026-01-01T00:00:00Z~x"] {
            assert!(page(Some(wrong)).reach().is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_put_together_are_the_list() {
        let name = |item: &u32| item.to_string();
        let mut seen = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = Listed::cut((0..7).collect(), after.as_deref(), 3, name).unwrap();
            seen.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
        // Items of one name are each told once.
        let mut after: Option<String> = None;
        for wanted in [1, 1, 2, 1] {
            let page = Listed::cut(vec![1, 1, 2, 1], after.as_deref(), 1, name).unwrap();
            assert_eq!(page.items, [wanted]);
            after = page.next;
        }
        assert_eq!(after, None);
        // An empty page would be taken for the end.
        assert!(Listed::cut(vec![1], Some("9"), 3, name).is_err());
    }
}
