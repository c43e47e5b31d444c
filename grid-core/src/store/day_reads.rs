//! Some days of readings of one register, the question that is asked most: those who ask at the same time are answered by
//! one statement.

use std::time::Duration;

use tokio::{sync::oneshot, time::timeout};
use uuid::Uuid;

#[cfg(any(feature = "sqlite", feature = "mysql"))]
use super::sql::repeated;
use super::{
    Error, Store,
    backend::{Backend, Driver, on},
    budget::Budget,
    day,
    fault::Fault,
    readings::{days_of, unpack_into},
    rows::key,
    together::{Again, Service, Serving, same_for_all},
};
use crate::{
    energy::{Channel, ledger::Recorded},
    time::Interval,
};

/// What is done, for an error to say.
const ACTION: &str = "load readings";
/// How long a statement is waited for at most by those who asked together.
const LONGEST: Duration = Duration::from_mins(1);

/// A day and its packed readings. Where both are missing there is the device, and nothing in it.
type Day = (Option<i64>, Option<Vec<u8>>);

/// What is asked.
#[derive(Clone, Copy, Debug)]
struct Days {
    owner: Uuid,
    device: Uuid,
    channel: i64,
    first: i64,
    last: i64,
    /// How many days at most.
    most: i64,
}

/// A question that waits, and who is told the answer.
#[derive(Debug)]
pub(super) struct Question {
    days: Days,
    budget: Option<Budget>,
    answer: oneshot::Sender<Result<Vec<Day>, Error>>,
}

/// How questions are put to a database.
trait Ask: Driver {
    /// How many statements are under way at the same time.
    const SERVICE: Service;

    /// How many questions fit into a statement of those that wait.
    fn fit(waiting: usize) -> usize;

    /// The days of each question, by day; no row at all where the owner has no such device.
    async fn ask(connection: &mut Self::Connection, questions: &[Days]) -> Result<Vec<Vec<Day>>, Fault>;
}

/// The rows of an answer, by the place of the question, brought to their questions.
fn by_question(
    questions: usize,
    rows: impl IntoIterator<Item = (i64, Option<i64>, Option<Vec<u8>>)>,
) -> Vec<Vec<Day>> {
    let mut answers = vec![Vec::new(); questions];
    for (place, day, packed) in rows {
        if let Some(answer) = usize::try_from(place).ok().and_then(|place| answers.get_mut(place)) {
            answer.push((day, packed));
        }
    }
    for answer in &mut answers {
        answer.sort_unstable_by_key(|(day, _)| *day);
    }
    answers
}

/// The statements of a database that knows no arrays: one question after the other, all in one text.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
macro_rules! ask_by_union {
    ($database:ty) => {
        impl Ask for $database {
            // One is worked on while another is on its way.
            const SERVICE: Service = Service { most: 2, full: 0 };

            fn fit(waiting: usize) -> usize {
                [16, 4].into_iter().find(|&size| size <= waiting).unwrap_or(1)
            }

            async fn ask(
                connection: &mut Self::Connection,
                questions: &[Days],
            ) -> Result<Vec<Vec<Day>>, Fault> {
                const ONE: &str = "SELECT * FROM (SELECT ? AS question, r.day, r.packed FROM devices d \
                    LEFT JOIN channels c ON c.device = d.id AND c.channel = ? \
                    LEFT JOIN reading_days r ON r.device = c.device AND r.channel = c.channel \
                    AND r.day >= ? - c.reach AND r.day <= ? \
                    WHERE d.id = ? AND d.owner = ? ORDER BY r.day LIMIT ?) AS one";
                const BETWEEN: &str = " UNION ALL ";
                let mut answers = Vec::with_capacity(questions.len());
                let mut rest = questions;
                while !rest.is_empty() {
                    let (now, later) = rest.split_at(Self::fit(rest.len()));
                    rest = later;
                    let text = match now.len() {
                        16 => repeated!("", ONE, BETWEEN, 16, ""),
                        4 => repeated!("", ONE, BETWEEN, 4, ""),
                        _ => repeated!("", ONE, BETWEEN, 1, ""),
                    };
                    let mut query = sqlx::query_as::<Self, _>(text);
                    for (place, asked) in (0_i64..).zip(now) {
                        query = query
                            .bind(place)
                            .bind(asked.channel)
                            .bind(asked.first)
                            .bind(asked.last)
                            .bind(key(&asked.device))
                            .bind(key(&asked.owner))
                            .bind(asked.most);
                    }
                    answers.append(&mut by_question(now.len(), query.fetch_all(&mut *connection).await?));
                }
                Ok(answers)
            }
        }
    };
}

#[cfg(feature = "sqlite")]
ask_by_union!(sqlx::Sqlite);

#[cfg(feature = "mysql")]
ask_by_union!(sqlx::MySql);

/// How many questions a statement of PostgreSQL takes.
#[cfg(feature = "postgres")]
const MOST: usize = 32;

#[cfg(feature = "postgres")]
impl Ask for sqlx::Postgres {
    // Two small statements cost more than one large one.
    const SERVICE: Service = Service { most: 2, full: MOST };

    fn fit(waiting: usize) -> usize {
        waiting.min(MOST)
    }

    async fn ask(connection: &mut Self::Connection, questions: &[Days]) -> Result<Vec<Vec<Day>>, Fault> {
        let rows = sqlx::query_as::<Self, _>(
            "SELECT q.question - 1, one.day, one.packed FROM UNNEST($1::bytea[], $2::bytea[], $3::bigint[], \
             $4::bigint[], $5::bigint[], $6::bigint[]) \
             WITH ORDINALITY AS q (device, owner, channel, first, last, most, question) \
             CROSS JOIN LATERAL (SELECT r.day, r.packed FROM devices d \
             LEFT JOIN channels c ON c.device = d.id AND c.channel = q.channel \
             LEFT JOIN reading_days r ON r.device = c.device AND r.channel = c.channel \
             AND r.day >= q.first - c.reach AND r.day <= q.last \
             WHERE d.id = q.device AND d.owner = q.owner ORDER BY r.day LIMIT q.most) AS one",
        )
        .bind(questions.iter().map(|asked| key(&asked.device)).collect::<Vec<_>>())
        .bind(questions.iter().map(|asked| key(&asked.owner)).collect::<Vec<_>>())
        .bind(questions.iter().map(|asked| asked.channel).collect::<Vec<_>>())
        .bind(questions.iter().map(|asked| asked.first).collect::<Vec<_>>())
        .bind(questions.iter().map(|asked| asked.last).collect::<Vec<_>>())
        .bind(questions.iter().map(|asked| asked.most).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
        Ok(by_question(questions.len(), rows))
    }
}

impl Store {
    /// The first `most` of what [`readings`](Self::readings) gives now, of a device of `owner`; `None` where they have no
    /// such device. It is one question to the database where [`device`](Self::device) and
    /// [`first_readings`](Self::first_readings) are two, and those who ask at the same time ask together.
    ///
    /// # Errors
    ///
    /// Those of [`readings`](Self::readings).
    pub async fn readings_of_owner(
        &self,
        owner: Uuid,
        device: Uuid,
        channel: Channel,
        interval: Interval,
        most: usize,
    ) -> Result<Option<Vec<Recorded>>, Error> {
        let (first, last) = day::numbers(interval);
        let at_once = days_of(most);
        let asked = Days {
            owner,
            device,
            channel: i64::from(channel.code()),
            first,
            last,
            most: i64::try_from(at_once).unwrap_or(i64::MAX),
        };
        let days = self.days(asked).await?;
        if days.is_empty() {
            return Ok(None);
        }
        if days.len() == at_once {
            return self.first_readings(device, channel, interval, None, most).await.map(Some);
        }
        let mut found = Vec::new();
        for (number, packed) in days {
            if let (Some(number), Some(packed)) = (number, packed)
                && found.len() < most
            {
                unpack_into(&mut found, (device, channel), (number, &packed), interval)?;
            }
        }
        found.truncate(most);
        Ok(Some(found))
    }

    /// The days of a question, asked together with those who ask at the same time.
    async fn days(&self, days: Days) -> Result<Vec<Day>, Error> {
        let (answer, mut told) = oneshot::channel();
        let budget = Budget::current();
        let question = Question { days, budget: budget.clone(), answer };
        if let Some(serving) = self.questions.add(question, self.service()) {
            self.answer(serving);
        }
        let answer = self.questions.wait(&mut told, self.service(), |serving| self.answer(serving));
        let answer = match budget {
            Some(budget) => budget.spend(answer).await,
            None => Ok(answer.await),
        };
        let Ok(answer) = answer else {
            told.close();
            self.questions.take(|question| question.answer.is_closed());
            return Err(Error::Slow { action: ACTION });
        };
        if let Some(answer) = answer {
            return answer;
        }
        // Something was wrong with what was asked together.
        let alone = [days];
        let mut answers =
            on!(self, read "load readings", |connection| { Db::ask(connection, &alone).await })?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// How many statements are under way at the same time.
    fn service(&self) -> Service {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => sqlx::Sqlite::SERVICE,
            #[cfg(feature = "mysql")]
            Backend::MySql(_) => sqlx::MySql::SERVICE,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => sqlx::Postgres::SERVICE,
        }
    }

    /// How many questions fit into a statement of those that wait.
    fn fit(&self, waiting: usize) -> usize {
        match self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => sqlx::Sqlite::fit(waiting),
            #[cfg(feature = "mysql")]
            Backend::MySql(_) => sqlx::MySql::fit(waiting),
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => sqlx::Postgres::fit(waiting),
        }
    }

    /// Asks one statement after the other, in a task of its own: who goes away must not take along those who ask with them.
    fn answer(&self, mut serving: Serving<Question>) {
        let store = self.clone();
        tokio::spawn(async move {
            while let Some(questions) = serving.next(|waiting| store.fit(waiting)) {
                // A connection that has died without a word must not keep those for ever who are on it.
                let _ = timeout(LONGEST, store.ask(questions)).await;
            }
        });
    }

    /// Asks for the days of several questions, and tells each its own.
    async fn ask(&self, mut questions: Vec<Question>) {
        // Who went away is not asked for any more.
        questions.retain(|question| !question.answer.is_closed());
        let asked: Vec<Days> = questions.iter().map(|question| question.days).collect();
        let asking =
            async { on!(self, read "load readings", |connection| { Db::ask(connection, &asked).await }) };
        // After the last of them has gone nobody wants to know.
        let longest = questions.iter().map(|question| question.budget.as_ref().map(Budget::left));
        let answers = match longest.reduce(|one, other| Some(one?.max(other?))).flatten() {
            Some(longest) => Budget::new(longest).limit(asking).await,
            None => asking.await,
        };
        let error = match answers {
            Ok(answers) => {
                for (question, answer) in questions.into_iter().zip(answers) {
                    // Who went away is not told.
                    let _ = question.answer.send(Ok(answer));
                }
                return;
            }
            Err(error) => error,
        };
        let why = match &error {
            // What is locked is locked for all who read.
            Error::Busy { source, .. } => {
                let said = source.to_string();
                let again: Again =
                    Box::new(move || Error::Busy { action: ACTION, source: said.clone().into() });
                Some(again)
            }
            other => same_for_all(other, ACTION),
        };
        // What else is wrong, each finds out alone, since nobody answers.
        if let Some(why) = why {
            for question in questions {
                let _ = question.answer.send(Err(why()));
            }
        }
    }
}
