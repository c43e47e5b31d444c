//! One log of what was issued, whoever writes it at the same time, and whoever writes past it.

use grid_core::{
    error::{Failure as _, Kind},
    proof::verify_log,
    store::{LogSigner, Store},
};
use jiff::ToSpan as _;

use crate::{
    store::TestDatabase,
    store_settlement_checks::{Street, recorded, signing},
};

/// All that was issued to some streets, by its place in the log.
async fn issued(store: &Store, streets: &[Street]) -> Vec<(u64, uuid::Uuid, String)> {
    let mut all = Vec::new();
    for street in streets {
        for stored in store.statements(street.community.id, None, None, (None, 1000)).await.unwrap() {
            all.push((stored.leaf, stored.id, stored.document));
        }
    }
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_issue_at_once_make_one_log_without_holes() {
    for database in TestDatabase::all().await {
        let kind = database.kind;
        let store = &database.store;
        let mut streets = Vec::new();
        for _ in 0..4 {
            streets.push(Street::new(store).await);
        }
        // Each community by three at once; the log is empty, so that nobody has anything to wait for.
        let mut tasks = tokio::task::JoinSet::new();
        for street in &streets {
            let settlement = street.settled(store, recorded()).await;
            for task in 0..3_i64 {
                let (store, settlement) = (store.clone(), settlement.clone());
                tasks.spawn(async move {
                    let (key, now) = (signing(), recorded() + task.seconds());
                    store.issue(&settlement, LogSigner { key: &key, origin: "grid.example" }, now).await
                });
            }
        }
        let done: Vec<_> = tasks.join_all().await.into_iter().map(Result::unwrap).collect();
        assert_eq!(done.iter().filter(|issued| issued.id.is_some()).count(), 4, "{kind}");
        assert!(done.iter().all(|issued| issued.documents.len() + issued.unchanged == 2), "{kind}");
        let all = issued(store, &streets).await;
        assert_eq!(
            all.iter().map(|(leaf, ..)| *leaf).collect::<Vec<_>>(),
            (0..8).collect::<Vec<_>>(),
            "{kind}"
        );
        let public = signing().public_key();
        let mut heads = Vec::new();
        for (leaf, id, _) in &all {
            let verified = store.statement_bundle(*id).await.unwrap().verify(&public).unwrap();
            assert_eq!((verified.leaf_index(), verified.tree_size()), (*leaf, 8), "{kind}");
        }
        for size in 0..9 {
            match store.log_head_at(size).await {
                Ok(head) => heads.push((size, head)),
                Err(error) => assert_eq!(error.kind(), Kind::NotFound, "{kind}"),
            }
        }
        assert_eq!(heads.iter().map(|(size, _)| *size).collect::<Vec<_>>(), [2, 4, 6, 8], "{kind}");
        // No head is older than the one before it.
        assert!(heads.iter().map(|(_, head)| head.unverified().timestamp()).is_sorted(), "{kind}");
        let heads = heads.iter().map(|(_, head)| head);
        verify_log(all.iter().map(|(.., text)| text), heads, &public).unwrap();
        database.remove().await;
    }
}

/// Writes into a database past the store.
async fn write(address: &str, statement: &str) {
    let is_sqlite = address.starts_with("sqlite:");
    #[cfg(feature = "sqlite")]
    if is_sqlite {
        use sqlx::Connection as _;
        let mut connection = sqlx::SqliteConnection::connect(address).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    if !is_sqlite {
        crate::store::execute(address, statement).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_into_the_tables_is_found_out() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let street = [Street::new(store).await];
        street[0].issued(store, recorded()).await;
        let all = issued(store, &street).await;
        let public = signing().public_key();
        let (first, second) = (all[0].1, all[1].1);
        let head = store.log_head().await.unwrap().unwrap();
        let whole = async |store: &Store| {
            let texts = issued(store, &street).await;
            verify_log(texts.iter().map(|(.., text)| text), [&head], &public)
        };
        whole(store).await.unwrap();

        // One figure.
        let change = |from: &str, to: &str| {
            format!("UPDATE statements SET document = REPLACE(document, '{from}', '{to}') WHERE leaf = 0")
        };
        write(&database.address, &change("\"3.6", "\"3.7")).await;
        write(&database.address, &change("\"-3.6", "\"-3.7")).await;
        assert_ne!(issued(store, &street).await, all, "{kind}");
        assert!(store.statement_bundle(first).await.unwrap().verify(&public).is_err(), "{kind}");
        store.statement_bundle(second).await.unwrap().verify(&public).unwrap();
        assert!(whole(store).await.is_err(), "{kind}");
        write(&database.address, &change("\"3.7", "\"3.6")).await;
        write(&database.address, &change("\"-3.7", "\"-3.6")).await;
        whole(store).await.unwrap();

        // Two places.
        for (leaf, to) in [(0, 7), (1, 0), (7, 1)] {
            write(&database.address, &format!("UPDATE statements SET leaf = {to} WHERE leaf = {leaf}")).await;
        }
        for id in [first, second] {
            assert!(store.statement_bundle(id).await.unwrap().verify(&public).is_err(), "{kind}");
        }
        assert!(whole(store).await.is_err(), "{kind}");
        for (leaf, to) in [(0, 7), (1, 0), (7, 1)] {
            write(&database.address, &format!("UPDATE statements SET leaf = {to} WHERE leaf = {leaf}")).await;
        }
        whole(store).await.unwrap();

        // The tail, a subtree, and a document that is none.
        write(&database.address, "DELETE FROM statements WHERE leaf = 1").await;
        assert!(whole(store).await.is_err(), "{kind}");
        write(&database.address, "DELETE FROM log_nodes WHERE height = 0 AND place = 1").await;
        let error = store.statement_bundle(first).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Internal, "{kind}: {error:?}");
        write(&database.address, "UPDATE statements SET document = 'rubbish'").await;
        let error = store.statement_bundle(first).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Internal, "{kind}: {error:?}");
        database.remove().await;
    }
}
