//! The contract of the two stores as cases that every implementation passes. Each takes a store that is its own
//! and panics where the contract is broken. For tests only.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test suite: a broken contract panics"
)]

use std::sync::Arc;

use bytes::Bytes;

use super::{
    BATCH_ITEMS, Batch, BlobStore, CommitError, DELETE_PARTS, Expect, Indexed, IndexedWrite, KEY_BYTES,
    MetaStore, PART_BYTES, PutError, Stored, Table, VALUE_BYTES, value_hash,
};

/// Both traits at once.
pub trait Stores: MetaStore + BlobStore {}
impl<S: MetaStore + BlobStore> Stores for S {}

/// Expectations decide alone whether a batch is applied, and say which of them failed first.
pub async fn compare_and_swap(store: Arc<impl Stores>) {
    let key = || b"head".to_vec();
    let swap = |expect, value: &[u8]| Batch {
        expect: vec![(Table::Collection, key(), expect)],
        put: vec![(Table::Collection, key(), value.to_vec())],
        ..Batch::default()
    };
    let conflict = Err(CommitError::Conflict { which: 0 });
    assert_eq!(store.commit(swap(Expect::Exists, b"0")).await, conflict);
    assert_eq!(
        store.commit(swap(Expect::Is(value_hash(b"")), b"0")).await,
        conflict
    );
    store.commit(swap(Expect::Absent, b"one")).await.unwrap();
    assert_eq!(store.commit(swap(Expect::Absent, b"two")).await, conflict);
    assert_eq!(
        store.commit(swap(Expect::Is(value_hash(b"other")), b"two")).await,
        conflict
    );
    store
        .commit(swap(Expect::Is(value_hash(b"one")), b"two"))
        .await
        .unwrap();
    store.commit(swap(Expect::Exists, b"three")).await.unwrap();
    assert_eq!(
        store.get(Table::Collection, b"head").await.unwrap().unwrap(),
        b"three"
    );
    let mut second = swap(Expect::Exists, b"four");
    second.expect.push((Table::Page, key(), Expect::Exists));
    assert_eq!(
        store.commit(second).await,
        Err(CommitError::Conflict { which: 1 })
    );
}

/// A batch that does not apply leaves nothing behind, in no table; one that does, leaves everything.
pub async fn atomicity(store: Arc<impl Stores>) {
    let everywhere = |expect, value: &[u8]| Batch {
        expect: vec![(Table::Page, b"absent".to_vec(), expect)],
        put: writable()
            .map(|table| (table, b"key".to_vec(), value.to_vec()))
            .collect(),
        append: vec![value.to_vec()],
        ..Batch::default()
    };
    store.commit(everywhere(Expect::Absent, b"old")).await.unwrap();
    let refused = store.commit(everywhere(Expect::Exists, b"new")).await;
    assert_eq!(refused, Err(CommitError::Conflict { which: 0 }));
    for table in writable() {
        assert_eq!(
            store.get(table, b"key").await.unwrap().unwrap(),
            b"old",
            "{}",
            table.name()
        );
    }
    assert_eq!(store.scan(Table::Log, b"", None, 10).await.unwrap().len(), 1);
    store.commit(everywhere(Expect::Absent, b"new")).await.unwrap();
    for table in writable() {
        assert_eq!(
            store.get(table, b"key").await.unwrap().unwrap(),
            b"new",
            "{}",
            table.name()
        );
    }
}

/// Tables do not see each other's keys, and a key is all of its bytes.
pub async fn tables_are_apart(store: Arc<impl Stores>) {
    put(&*store, Table::Account, b"a", b"1").await;
    assert_eq!(store.get(Table::Login, b"a").await.unwrap(), None);
    assert_eq!(store.get(Table::Account, b"").await.unwrap(), None);
    assert_eq!(store.get(Table::Account, b"a\0").await.unwrap(), None);
    assert_eq!(store.scan(Table::Login, b"", None, 10).await.unwrap(), vec![]);
    put(&*store, Table::Login, b"a", b"").await;
    assert_eq!(
        store.get(Table::Login, b"a").await.unwrap().unwrap(),
        b"",
        "an empty value is a value"
    );
}

/// Log entries take consecutive indices in the order of the batches and within each.
pub async fn log_order(store: Arc<impl Stores>) {
    let append = |entries: &[&[u8]]| Batch {
        append: entries.iter().map(|entry| entry.to_vec()).collect(),
        ..Batch::default()
    };
    assert_eq!(store.commit(append(&[])).await.unwrap().first_index, 0);
    assert_eq!(store.commit(append(&[b"a", b"b"])).await.unwrap().first_index, 0);
    assert_eq!(store.commit(append(&[])).await.unwrap().first_index, 2);
    let mut refused = append(&[b"lost"]);
    refused
        .expect
        .push((Table::Meta, b"absent".to_vec(), Expect::Exists));
    assert!(store.commit(refused).await.is_err());
    assert_eq!(store.commit(append(&[b"c"])).await.unwrap().first_index, 2);
    let log = store.scan(Table::Log, b"", None, 10).await.unwrap();
    let expected = (0_u64..)
        .zip([b"a", b"b", b"c"])
        .map(|(i, entry)| (i.to_be_bytes().to_vec(), entry.to_vec()));
    assert_eq!(log, expected.collect::<Vec<_>>());
    assert_eq!(
        store
            .get(Table::Log, &1_u64.to_be_bytes())
            .await
            .unwrap()
            .unwrap(),
        b"b"
    );
}

/// What goes with an entry stands under or over the entry's index, from the same moment on.
pub async fn values_go_with_entries(store: Arc<impl Stores>) {
    let batch = |key: &[u8]| Batch {
        append: vec![b"a".to_vec(), b"b".to_vec()],
        indexed: vec![
            Indexed {
                entry: 1,
                table: Table::Opening,
                key: b"o".to_vec(),
                write: IndexedWrite::Behind(b"value".to_vec()),
            },
            Indexed {
                entry: 0,
                table: Table::Opening,
                key: key.to_vec(),
                write: IndexedWrite::Value,
            },
        ],
        ..Batch::default()
    };
    for (key, first) in [(b"x", 0_u64), (b"y", 2)] {
        assert_eq!(store.commit(batch(key)).await.unwrap().first_index, first);
        let index = first.to_be_bytes().to_vec();
        assert_eq!(store.get(Table::Opening, key).await.unwrap(), Some(index));
        let behind = [&b"o"[..], &(first + 1).to_be_bytes()].concat();
        let value = store.get(Table::Opening, &behind).await.unwrap();
        assert_eq!(value, Some(b"value".to_vec()));
    }
    assert_eq!(store.scan(Table::Opening, b"o", None, 10).await.unwrap().len(), 2);
}

/// Concurrent appends lose no index and share none.
pub async fn log_under_load(store: Arc<impl Stores>) {
    let tasks: Vec<_> = (0_u8..8)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut indices = vec![];
                for i in 0_u8..10 {
                    let batch = Batch {
                        append: vec![vec![task, i], vec![task, i, 1]],
                        ..Batch::default()
                    };
                    indices.push((store.commit(batch).await.unwrap().first_index, task, i));
                }
                indices
            })
        })
        .collect();
    let mut all = vec![];
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_unstable();
    for ((index, task, i), expected) in all.into_iter().zip((0..).step_by(2)) {
        assert_eq!(index, expected);
        assert_eq!(
            store
                .get(Table::Log, &index.to_be_bytes())
                .await
                .unwrap()
                .unwrap(),
            [task, i]
        );
    }
    assert_eq!(store.scan(Table::Log, b"", None, 1_000).await.unwrap().len(), 160);
}

/// Pages of a scan follow each other without gap or repeat, within the prefix, by ascending key.
pub async fn scan_pages(store: Arc<impl Stores>) {
    let keys: Vec<Vec<u8>> = (0..25_u8).map(|i| vec![b'p', i]).collect();
    let mut batch = Batch::default();
    for key in keys.iter().rev() {
        batch.put.push((Table::Upload, key.clone(), key.clone()));
    }
    for outside in [&b"o\xff"[..], b"q", b"p"] {
        batch.put.push((Table::Upload, outside.to_vec(), vec![]));
    }
    store.commit(batch).await.unwrap();
    let mut seen = vec![];
    let mut after: Option<Vec<u8>> = Some(b"p".to_vec());
    loop {
        let page = store
            .scan(Table::Upload, b"p", after.as_deref(), 7)
            .await
            .unwrap();
        assert!(page.iter().all(|(key, value)| key == value));
        seen.extend(page.iter().map(|(key, _)| key.clone()));
        after = page.last().map(|(key, _)| key.clone());
        if page.len() < 7 {
            break;
        }
    }
    assert_eq!(seen, keys);
    assert_eq!(
        store.scan(Table::Upload, b"p", None, 100).await.unwrap().len(),
        26,
        "the prefix itself is a key"
    );
    assert_eq!(
        store.scan(Table::Upload, b"p", Some(b"a"), 2).await.unwrap()[0].0,
        b"p",
        "before the prefix"
    );
    assert!(
        store
            .scan(Table::Upload, b"p", Some(b"q"), 2)
            .await
            .unwrap()
            .is_empty(),
        "after it"
    );
    assert!(store.scan(Table::Upload, b"p", None, 0).await.unwrap().is_empty());
}

/// A part reads back, is stored once, and is never overwritten.
pub async fn parts(store: Arc<impl Stores>) {
    let body = [7; 16];
    assert_eq!(store.part(body, 0).await.unwrap(), None);
    for (part, len) in [(0, 1_049_600), (3, 1), (1, 8_200), (2, 8_201)] {
        assert_eq!(
            store.put_part(body, part, bytes(part, len)).await,
            Ok(Stored::New)
        );
    }
    assert_eq!(store.parts(body).await.unwrap(), [0, 1, 2, 3]);
    for (part, len) in [(0, 1_049_600), (3, 1), (1, 8_200), (2, 8_201)] {
        assert_eq!(store.part(body, part).await.unwrap().unwrap(), bytes(part, len));
        assert_eq!(
            store.put_part(body, part, bytes(part, len)).await,
            Ok(Stored::Same)
        );
    }
    let mut other = bytes(0, 1_049_600).to_vec();
    other[1_049_599] ^= 1;
    assert_eq!(
        store.put_part(body, 0, other.into()).await,
        Err(PutError::Different)
    );
    assert_eq!(
        store.put_part(body, 0, bytes(0, 1_049_599)).await,
        Err(PutError::Different)
    );
    assert_eq!(store.part(body, 0).await.unwrap().unwrap(), bytes(0, 1_049_600));
    assert_eq!(store.part([8; 16], 0).await.unwrap(), None);
    assert_eq!(store.put_part(body, u32::MAX, bytes(9, 9)).await, Ok(Stored::New));
    assert_eq!(store.part(body, u32::MAX).await.unwrap().unwrap(), bytes(9, 9));
}

/// Of two contents sent at once under one number exactly one is stored, and it is whole.
pub async fn parts_race(store: Arc<impl Stores>) {
    for round in 0..8 {
        let put = |content| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.put_part([1; 16], round, bytes(content, 300_000)).await })
        };
        let (a, same, b) = (put(1), put(1), put(2));
        let results = [a.await.unwrap(), same.await.unwrap(), b.await.unwrap()];
        let winner = if results[2].is_ok() { 2 } else { 1 };
        assert_eq!(
            results
                .iter()
                .filter(|result| **result == Ok(Stored::New))
                .count(),
            1,
            "{results:?}"
        );
        assert_eq!(
            store.part([1; 16], round).await.unwrap().unwrap(),
            bytes(winner, 300_000)
        );
    }
}

/// Deleting removes what was asked for, all of it, and nothing else.
pub async fn deletes(store: Arc<impl Stores>) {
    put(&*store, Table::Body, b"gone", b"1").await;
    put(&*store, Table::Body, b"kept", b"1").await;
    let delete = vec![(Table::Body, b"gone".to_vec()), (Table::Body, b"never".to_vec())];
    store
        .commit(Batch {
            delete,
            ..Batch::default()
        })
        .await
        .unwrap();
    assert_eq!(store.get(Table::Body, b"gone").await.unwrap(), None);
    assert!(store.get(Table::Body, b"kept").await.unwrap().is_some());
    for part in 0..3 {
        store.put_part([1; 16], part, bytes(part, 100_000)).await.unwrap();
        store.put_part([2; 16], part, bytes(part, 100_000)).await.unwrap();
    }
    assert!(store.delete_body([1; 16]).await.unwrap());
    assert!(store.delete_body([1; 16]).await.unwrap());
    assert!(store.parts([1; 16]).await.unwrap().is_empty());
    assert_eq!(store.part([1; 16], 1).await.unwrap(), None);
    assert_eq!(store.part([2; 16], 1).await.unwrap().unwrap(), bytes(1, 100_000));
    assert_eq!(
        store.put_part([1; 16], 1, bytes(5, 10)).await,
        Ok(Stored::New),
        "a number is free again"
    );
    // Many parts go step by step, the first ones first, and none of another body.
    let many = u32::try_from(DELETE_PARTS).unwrap() + 2;
    for part in 0..many {
        store.put_part([3; 16], part, bytes(part, 10)).await.unwrap();
    }
    assert!(!store.delete_body([3; 16]).await.unwrap());
    assert_eq!(store.parts([3; 16]).await.unwrap(), [many - 2, many - 1]);
    assert_eq!(
        store.part([3; 16], many - 1).await.unwrap().unwrap(),
        bytes(many - 1, 10)
    );
    assert!(store.delete_body([3; 16]).await.unwrap());
    assert!(store.parts([3; 16]).await.unwrap().is_empty());
    assert_eq!(store.parts([2; 16]).await.unwrap(), [0, 1, 2]);
}

/// What breaks a bound is refused whole; what meets it exactly is stored.
pub async fn bounds(store: Arc<impl Stores>) {
    put(&*store, Table::Page, &[1; KEY_BYTES], &vec![2; VALUE_BYTES]).await;
    assert_eq!(
        store.get(Table::Page, &[1; KEY_BYTES]).await.unwrap().unwrap(),
        vec![2; VALUE_BYTES]
    );
    let one = |key: Vec<u8>, len| Batch {
        put: vec![(Table::Page, key, vec![0; len])],
        ..Batch::default()
    };
    for batch in [
        one(vec![], 1),
        one(vec![1; KEY_BYTES + 1], 1),
        one(vec![3], VALUE_BYTES + 1),
        Batch {
            append: vec![vec![]; BATCH_ITEMS + 1],
            ..Batch::default()
        },
        Batch {
            put: vec![(Table::Log, vec![0; 8], vec![])],
            ..Batch::default()
        },
    ] {
        assert_eq!(store.commit(batch).await, Err(CommitError::Invalid));
    }
    assert_eq!(store.get(Table::Page, &[3]).await.unwrap(), None);
    assert_eq!(
        store.put_part([0; 16], 0, Bytes::new()).await,
        Err(PutError::Invalid)
    );
    assert_eq!(
        store.put_part([0; 16], 0, bytes(0, PART_BYTES + 1)).await,
        Err(PutError::Invalid)
    );
    assert_eq!(
        store.put_part([0; 16], 0, bytes(0, PART_BYTES)).await,
        Ok(Stored::New)
    );
    assert_eq!(
        store.part([0; 16], 0).await.unwrap().unwrap(),
        bytes(0, PART_BYTES)
    );
}

/// Of tasks that swap the same value at once exactly one wins each round, and the losers left nothing.
pub async fn commits_race(store: Arc<impl Stores>) {
    put(&*store, Table::Collection, b"head", &[0]).await;
    for round in 0_u8..10 {
        let tasks: Vec<_> = (0_u8..4)
            .map(|task| {
                let store = Arc::clone(&store);
                let batch = Batch {
                    expect: vec![(
                        Table::Collection,
                        b"head".to_vec(),
                        Expect::Is(value_hash(&[round])),
                    )],
                    put: vec![
                        (Table::Collection, b"head".to_vec(), vec![round + 1]),
                        (Table::Page, vec![round, task], vec![task]),
                    ],
                    append: vec![vec![round, task]],
                    ..Batch::default()
                };
                tokio::spawn(async move { store.commit(batch).await })
            })
            .collect();
        let mut winners = vec![];
        for (task, result) in (0_u8..).zip(tasks) {
            match result.await.unwrap() {
                Ok(applied) => winners.push((task, applied.first_index)),
                Err(error) => assert_eq!(error, CommitError::Conflict { which: 0 }),
            }
        }
        let [(winner, index)] = winners[..] else {
            panic!("{} winners", winners.len())
        };
        assert_eq!(index, u64::from(round));
        let pages = store.scan(Table::Page, &[round], None, 10).await.unwrap();
        assert_eq!(pages, vec![(vec![round, winner], vec![winner])]);
    }
}

fn writable() -> impl Iterator<Item = Table> {
    Table::ALL.into_iter().filter(|table| *table != Table::Log)
}

async fn put(store: &impl MetaStore, table: Table, key: &[u8], value: &[u8]) {
    let put = vec![(table, key.to_vec(), value.to_vec())];
    store
        .commit(Batch {
            put,
            ..Batch::default()
        })
        .await
        .unwrap();
}

fn bytes(content: u32, len: usize) -> Bytes {
    (0..len)
        .map(|at| {
            (at as u32)
                .wrapping_mul(2_654_435_761)
                .wrapping_add(content)
                .to_be_bytes()[0]
        })
        .collect()
}
