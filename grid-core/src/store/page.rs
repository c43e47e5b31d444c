//! Long lists, a page at a time.

use uuid::Uuid;

/// Which part of a list is wanted. Lists are in the order of their ids, which is that of their creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The id after which the page begins; `None` for the first page.
    pub after: Option<Uuid>,
    /// How many items it has at most, from 1 to [`Page::MOST`]; outside of that the nearest one counts.
    pub limit: u32,
}

impl Page {
    /// The most items that a page has.
    pub const MOST: u32 = 1000;

    /// The first page of the usual size.
    pub const FIRST: Self = Self { after: None, limit: 100 };

    pub(super) fn after_key(self) -> Vec<u8> {
        self.after.unwrap_or(Uuid::nil()).as_bytes().to_vec()
    }

    /// One more than the limit, so that it is seen whether there are more.
    pub(super) fn limit_and_one(self) -> i64 {
        i64::from(self.limit.clamp(1, Self::MOST)) + 1
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::FIRST
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask for the next page with ([`Page::after`]); `None` where there are no more.
    pub next: Option<Uuid>,
}

impl<T> Listed<T> {
    /// Cuts what [`Page::limit_and_one`] brought to a page.
    pub(super) fn of(mut items: Vec<T>, page: Page, id: impl Fn(&T) -> Uuid) -> Self {
        let limit = usize::try_from(page.limit.clamp(1, Page::MOST)).unwrap_or(1);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(id) } else { None };
        Self { items, next }
    }
}

/// A page of a list, within the body of an `on!`: the statement's last parameters are where the page begins and how
/// many rows it takes, and before them come the ids that are named after it. Each row becomes an item with an `id`.
macro_rules! listed {
    ($connection:ident, $page:ident, $row:ty => $item:ident, $text:literal $(, $id:expr)* $(,)?) => {{
        let found = sqlx::query_as::<Db, $row>(sql!($text))
            $(.bind(key($id)))*
            .bind($page.after_key())
            .bind($page.limit_and_one())
            .fetch_all($connection)
            .await?;
        let items = found.into_iter().map($item).collect::<Result<Vec<_>, _>>()?;
        Ok(Listed::of(items, $page, |item| item.id))
    }};
}
pub(super) use listed;

/// The item of an id, within the body of an `on!`: the statement's parameter is the id.
macro_rules! one {
    ($connection:ident, $row:ty => $item:ident, $what:literal, $id:expr, $text:literal $(,)?) => {{
        let row = sqlx::query_as::<Db, $row>(sql!($text)).bind(key($id)).fetch_optional($connection).await?;
        Ok($item(row.ok_or_else(|| not_found($what, $id))?)?)
    }};
}
pub(super) use one;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_without_more_has_no_next() {
        let page = Page { after: None, limit: 2 };
        let id = |number: &u128| Uuid::from_u128(*number);
        assert_eq!(Listed::of(vec![1, 2], page, id), Listed { items: vec![1, 2], next: None });
        let cut = Listed::of(vec![1, 2, 3], page, id);
        assert_eq!(cut, Listed { items: vec![1, 2], next: Some(Uuid::from_u128(2)) });
    }
}
