//! One log of what was issued, whoever writes it at the same time, and whoever writes past it.

use grid_core::{
    auth::SealingKey,
    energy::settlement::Settlement,
    error::{Failure as _, Kind},
    proof::{LogKey, verify_consistency, verify_log},
    store::{AuditEntry, Error, LogSigner, Page, Store, new_id},
};
use jiff::ToSpan as _;

use crate::{
    store::{TestDatabase, now},
    store_checks::is,
    store_street::{Street, by, recorded, signing},
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
                    let signer = LogSigner { key: &key, origin: "grid.example" };
                    store.issue(&settlement, signer, by(now), now).await
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

#[tokio::test(flavor = "multi_thread")]
async fn the_log_keeps_the_name_and_the_key_that_it_began_with() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let streets = [Street::new(store).await, Street::new(store).await];
        let (key, other) = (signing(), LogKey::from_seed(&[8; 32]).unwrap());
        let settled =
            [streets[0].settled(store, recorded()).await, streets[1].settled(store, recorded()).await];
        let issue = async |settled: &Settlement, key: &LogKey, origin: &str| {
            store.issue(settled, LogSigner { key, origin }, by(recorded()), recorded()).await
        };
        issue(&settled[0], &key, "first").await.unwrap();
        let old = store.log_head().await.unwrap().unwrap();

        let error = is(issue(&settled[1], &other, "first").await, Kind::Conflict);
        assert!(matches!(error, Error::OtherLogKey { .. }) && error.hint().is_some(), "{kind}: {error:?}");
        assert!(error.to_string().contains(&key.key_id().to_string()), "{kind}: {error}");
        assert_eq!(store.log_head().await.unwrap().unwrap(), old, "{kind}");
        // Nor is a key made for a log that has one elsewhere.
        let error = is(store.ensure_log_key(None, now()).await, Kind::Conflict);
        assert!(matches!(error, Error::LogKeyElsewhere { .. }), "{kind}: {error:?}");
        assert!(store.log_keys().await.unwrap().is_empty(), "{kind}");

        // The server is called otherwise since: what was issued before goes with what is signed now.
        issue(&settled[1], &key, "second").await.unwrap();
        let new = store.log_head().await.unwrap().unwrap();
        assert_eq!((new.unverified().origin(), new.unverified().tree_size()), ("first", 4), "{kind}");
        let path = store.log_consistency(2, 4).await.unwrap();
        verify_consistency(&old, &new, &path, &key.public_key()).unwrap();
        for (_, id, _) in issued(store, &streets).await {
            let verified = store.statement_bundle(id).await.unwrap().verify(&key.public_key()).unwrap();
            assert_eq!(verified.origin(), "first", "{kind}");
        }
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_the_database_keeps_is_the_logs_before_it_has_signed() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let sealing = SealingKey::new("a text of at least 32 bytes, best made at random").unwrap();
        assert!(store.log_key(Some(&sealing)).await.unwrap().is_none(), "{kind}");
        let key = store.ensure_log_key(Some(&sealing), now()).await.unwrap();
        for again in [
            store.ensure_log_key(Some(&sealing), now()).await.unwrap(),
            store.log_key(Some(&sealing)).await.unwrap().unwrap(),
        ] {
            assert_eq!(again.public_key(), key.public_key(), "{kind}");
        }
        let error = is(store.log_key(None).await, Kind::Internal);
        assert!(matches!(error, Error::LogKeySealed { .. }) && error.hint().is_some(), "{kind}: {error:?}");
        is(store.ensure_log_key(None, now()).await, Kind::Internal);
        let wrong = SealingKey::new("another text of at least 32 bytes, made at random").unwrap();
        assert!(matches!(store.log_key(Some(&wrong)).await, Err(Error::Auth(_))), "{kind}");

        let street = Street::new(store).await;
        let settled = street.settled(store, recorded()).await;
        let own = signing();
        let issue = async |key: &LogKey, origin: &str| {
            store.issue(&settled, LogSigner { key, origin }, by(recorded()), recorded()).await
        };
        let refused = issue(&own, "notebook").await;
        assert!(matches!(is(refused, Kind::Conflict), Error::OtherLogKey { .. }), "{kind}");
        assert!(store.log_head().await.unwrap().is_none(), "{kind}");
        issue(&key, "server").await.unwrap();
        let head = store.log_head().await.unwrap().unwrap();
        assert_eq!(head.verify(&key.public_key()).unwrap().origin(), "server", "{kind}");
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_issued_is_written_down_with_it_or_nothing_is_issued() {
    for database in TestDatabase::all().await {
        let (kind, store) = (database.kind, &database.store);
        let street = Street::new(store).await;
        let settled = street.settled(store, recorded()).await;
        let key = signing();
        let entry = |id| AuditEntry { id, ..by(recorded()) };
        let issue = async |id| {
            let signer = LogSigner { key: &key, origin: "grid.example" };
            store.issue(&settled, signer, entry(id), recorded()).await
        };
        let trail = async || {
            let listed = store.audit(Page::FIRST, None, Some("settlement.issue")).await.unwrap();
            listed.items.into_iter().map(|entry| (entry.id, entry.target)).collect::<Vec<_>>()
        };
        // An entry that cannot be written takes the issue with it.
        let taken = new_id(now());
        store.record(&entry(taken)).await.unwrap();
        assert!(matches!(is(issue(taken).await, Kind::Conflict), Error::Taken { .. }), "{kind}");
        assert!(store.log_head().await.unwrap().is_none(), "{kind}");
        assert!(issued(store, std::slice::from_ref(&street)).await.is_empty(), "{kind}");
        assert!(
            store.settlements(street.community.id, Page::FIRST).await.unwrap().items.is_empty(),
            "{kind}"
        );

        // Of a later millisecond, so that it is the newer one.
        let id = new_id(recorded());
        let done = issue(id).await.unwrap();
        let (before, target) = ((taken, String::new()), done.id.unwrap().to_string());
        assert_eq!(trail().await, [(id, target), before], "{kind}");
        // Nothing was issued, and so nothing was done.
        assert_eq!(issue(new_id(now())).await.unwrap().id, None, "{kind}");
        assert_eq!(trail().await.len(), 2, "{kind}");
        database.remove().await;
    }
}
