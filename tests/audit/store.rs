//! What an operator can do to the store behind the server's back.

use crypto::collection::head::HEAD_BYTES;
use crypto::document::body::{BodyHeader, HEADER_BYTES, fold_parts, part_hash};
use server::store::{Batch, BlobStore, MetaStore, SledStore, Table};
use tests::adversary::flip;

use crate::table::{Tampering, store};

pub(crate) fn in_the_store() -> Vec<Tampering> {
    vec![
        store("a bit of a body flipped", "chunk_altered", |store| {
            Box::pin(async move {
                let (id, ..) = body(store).await;
                let mut part = store.part(id, 0).await.unwrap().unwrap().to_vec();
                flip(&mut part, 77);
                while !store.delete_body(id).await.unwrap() {}
                store.put_part(id, 0, part.into()).await.unwrap();
            })
        })
        .quick(),
        store("the chunks of a body dropped", "chunk_lost", |store| {
            Box::pin(async move {
                let (id, ..) = body(store).await;
                while !store.delete_body(id).await.unwrap() {}
            })
        }),
        store("a body dropped", "body_lost", |store| {
            Box::pin(async move {
                let (_, key, _) = body(store).await;
                delete(store, Table::Body, key).await;
            })
        }),
        store("a bit of a body's header flipped", "body_header", |store| {
            Box::pin(async move {
                let (_, key, mut row) = body(store).await;
                let salt = (row.len() - HEADER_BYTES + 32) * 8;
                flip(&mut row, salt);
                put(store, Table::Body, key, row).await;
            })
        }),
        store("plaintext planted as a body", "plaintext", |store| {
            Box::pin(async move {
                plant(
                    store,
                    &b"Bulletin de paie de janvier. ".repeat(200)[..SMALLEST],
                    None,
                )
                .await
            })
        })
        .quick(),
        store(
            "a body planted that the log does not know",
            "body_unlogged",
            |store| Box::pin(async move { plant(store, &noise(), None).await }),
        ),
        store(
            "a body planted under the salt of another",
            "salt_repeated",
            |store| {
                Box::pin(async move {
                    let (_, _, row) = body(store).await;
                    let header = BodyHeader::parse(&row[row.len() - HEADER_BYTES..]).unwrap();
                    plant(store, &noise(), Some(*header.salt())).await;
                })
            },
        ),
        store("the newest head dropped", "head_missing", |store| {
            Box::pin(async move {
                let (key, _) = newest_head(store).await;
                delete(store, Table::Collection, key).await;
            })
        }),
        store(
            "an older head restored in the place of the newest",
            "head",
            |store| {
                Box::pin(async move {
                    let (key, newest) = newest_head(store).await;
                    let heads = rows(store, Table::Collection, b'h').await;
                    let older = heads
                        .into_iter()
                        .find(|(other, _)| other[..17] == key[..17] && *other < key);
                    assert_eq!(newest.len(), HEAD_BYTES);
                    put(store, Table::Collection, key, older.unwrap().1).await;
                })
            },
        )
        .quick(),
        store("the references of a commit cut", "head", |store| {
            Box::pin(async move {
                let (key, _) = newest_head(store).await;
                delete(store, Table::Collection, [&b"f"[..], &key[1..]].concat()).await;
            })
        }),
        store("a bit of a charter flipped", "charter_chain", |store| {
            Box::pin(async move {
                let (head, _) = newest_head(store).await;
                let charters = rows(store, Table::Collection, b'k').await.into_iter();
                let own = charters.into_iter().find(|(key, _)| key[1..17] == head[1..17]);
                let (key, mut charter) = own.unwrap();
                let last = charter.len() * 8 - 1;
                flip(&mut charter, last);
                put(store, Table::Collection, key, charter).await;
            })
        }),
        store("a bit of a page flipped", "page", |store| {
            Box::pin(async move {
                let (key, mut page) = rows(store, Table::Page, b'p').await.swap_remove(0);
                flip(&mut page, 900);
                put(store, Table::Page, key, page).await;
            })
        }),
        store("an opening withheld", "opening_withheld", |store| {
            Box::pin(async move {
                let (key, _) = rows(store, Table::Opening, b'o').await.pop().unwrap();
                delete(store, Table::Opening, key).await;
            })
        })
        .quick(),
        store("an opening exchanged for another", "opening_wrong", |store| {
            Box::pin(async move {
                let openings = rows(store, Table::Opening, b'o').await;
                let (key, _) = openings.last().unwrap().clone();
                put(store, Table::Opening, key, openings[0].1.clone()).await;
            })
        }),
    ]
}

/// Every record of a table whose key begins with this kind.
async fn rows(store: &SledStore, table: Table, kind: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.scan(table, &[kind], None, 100_000).await.unwrap()
}

async fn put(store: &SledStore, table: Table, key: Vec<u8>, value: Vec<u8>) {
    let mut batch = Batch::default();
    batch.put.push((table, key, value));
    store.commit(batch).await.unwrap();
}

async fn delete(store: &SledStore, table: Table, key: Vec<u8>) {
    let mut batch = Batch::default();
    batch.delete.push((table, key));
    store.commit(batch).await.unwrap();
}

/// A body that lives, with its row.
async fn body(store: &SledStore) -> ([u8; 16], Vec<u8>, Vec<u8>) {
    let (key, row) = rows(store, Table::Body, b'b').await.swap_remove(2);
    (key[1..].try_into().unwrap(), key, row)
}

/// The newest head of the first collection: its key and what is there.
async fn newest_head(store: &SledStore) -> (Vec<u8>, Vec<u8>) {
    let heads = rows(store, Table::Collection, b'h').await;
    let first = heads[0].0[..17].to_vec();
    heads
        .into_iter()
        .rfind(|(key, _)| key.starts_with(&first))
        .unwrap()
}

/// Stores a body that nobody sent: a header of the right form over these chunks, since long ago.
async fn plant(store: &SledStore, content: &[u8], salt: Option<[u8; 24]>) {
    let (_, _, row) = body(store).await;
    let id = [0x77; 16];
    let ct_len = content.len() as u64;
    let root = fold_parts(&[part_hash(content).unwrap()]);
    // account_id 16, state, since 8, references 4, ct_len 8, header: as the server stores it.
    let (before, header) = row.split_at(row.len() - HEADER_BYTES);
    let mut header = header.to_vec();
    header[8..24].copy_from_slice(&id);
    header[24..32].copy_from_slice(&ct_len.to_be_bytes());
    header[32..56].copy_from_slice(&salt.unwrap_or([0x55; 24]));
    header[88..].copy_from_slice(&root);
    BodyHeader::parse(&header).unwrap();
    let mut planted = before.to_vec();
    let since = planted.len() - 20;
    planted[since..since + 8].copy_from_slice(&1_700_000_000_u64.to_be_bytes());
    let len = planted.len() - 8;
    planted[len..].copy_from_slice(&ct_len.to_be_bytes());
    planted.extend(header);
    store.put_part(id, 0, content.to_vec().into()).await.unwrap();
    put(
        store,
        Table::Body,
        [&b"h"[..], &id, &[0; 4]].concat(),
        root.to_vec(),
    )
    .await;
    put(store, Table::Body, [&b"b"[..], &id].concat(), planted).await;
}

/// Noise of the length of a smallest body.
fn noise() -> Vec<u8> {
    tests::sample::noise(SMALLEST, 99)
}

/// Bytes of the smallest body: one chunk, 4,095 bytes and a tag.
const SMALLEST: usize = 4_095 + 16;
