//! The local store in IndexedDB: one object store, text keys, byte values. May not know what it keeps.
//!
//! Writes ask for strict durability: rule R of `spec/flows.md` rests on the journal being on the disk before a chunk leaves.

use std::cell::RefCell;

use async_trait::async_trait;
use idb::{
    Database, DatabaseEvent, Factory, KeyRange, ObjectStore, ObjectStoreParams, Query, Transaction,
    TransactionMode,
};
use js_sys::{Object, Reflect, Uint8Array};
use sdk::error::LocalError;
use sdk::flows::LocalStore;
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbTransaction};

#[wasm_bindgen]
extern "C" {
    // web-sys has the third argument behind an unstable cfg only.
    #[wasm_bindgen(extends = Object)]
    type StrictDatabase;

    #[wasm_bindgen(method, catch, js_name = transaction)]
    fn begin(
        this: &StrictDatabase,
        store: &str,
        mode: &str,
        options: &Object,
    ) -> Result<IdbTransaction, JsValue>;
}

/// The store of this browser profile, opened at its first use.
#[derive(Default)]
pub struct IndexedDb {
    open: RefCell<Option<IdbDatabase>>,
}

#[async_trait(?Send)]
impl LocalStore for IndexedDb {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, LocalError> {
        let (_transaction, store) = self.begin(TransactionMode::ReadOnly).await?;
        let value = store
            .get(Query::Key(JsValue::from_str(key)))
            .map_err(failed)?
            .await
            .map_err(failed)?;
        match value {
            None => Ok(None),
            Some(value) => value
                .dyn_into::<Uint8Array>()
                .map(|bytes| Some(bytes.to_vec()))
                .map_err(|_| LocalError),
        }
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), LocalError> {
        let (transaction, store) = self.begin(TransactionMode::ReadWrite).await?;
        let _request = store
            .put(&Uint8Array::from(value), Some(&JsValue::from_str(key)))
            .map_err(failed)?;
        finish(transaction).await
    }

    async fn delete(&self, key: &str) -> Result<(), LocalError> {
        let (transaction, store) = self.begin(TransactionMode::ReadWrite).await?;
        let _request = store.delete(Query::Key(JsValue::from_str(key))).map_err(failed)?;
        finish(transaction).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, LocalError> {
        let (_transaction, store) = self.begin(TransactionMode::ReadOnly).await?;
        // Keys are ASCII: everything that starts with the prefix sorts before prefix + the highest code unit.
        let end = JsValue::from_str(&format!("{prefix}\u{ffff}"));
        let range = KeyRange::bound(&JsValue::from_str(prefix), &end, None, None).map_err(failed)?;
        let keys = store
            .get_all_keys(Some(Query::KeyRange(range)), None)
            .map_err(failed)?
            .await
            .map_err(failed)?;
        keys.into_iter()
            .map(|key| key.as_string().ok_or(LocalError))
            .collect()
    }
}

impl IndexedDb {
    /// A value of the browser's own, such as a key that cannot be read out.
    pub(super) async fn get_value(&self, key: &str) -> Result<Option<JsValue>, LocalError> {
        let (_transaction, store) = self.begin(TransactionMode::ReadOnly).await?;
        let asked = store.get(Query::Key(JsValue::from_str(key))).map_err(failed)?;
        asked.await.map_err(failed)
    }

    /// Stores such a value, durable when it returns.
    pub(super) async fn put_value(&self, key: &str, value: &JsValue) -> Result<(), LocalError> {
        let (transaction, store) = self.begin(TransactionMode::ReadWrite).await?;
        let _request = store.put(value, Some(&JsValue::from_str(key))).map_err(failed)?;
        finish(transaction).await
    }

    /// Removes a value of either kind.
    pub(super) async fn remove(&self, key: &str) -> Result<(), LocalError> {
        self.delete(key).await
    }

    async fn begin(&self, mode: TransactionMode) -> Result<(Transaction, ObjectStore), LocalError> {
        let database = self.database().await?;
        let transaction: Transaction = if mode == TransactionMode::ReadWrite {
            let options = Object::new();
            let strict = (JsValue::from_str("durability"), JsValue::from_str("strict"));
            Reflect::set(&options, &strict.0, &strict.1).map_err(|_| LocalError)?;
            let database: &StrictDatabase = database.unchecked_ref();
            database
                .begin(STORE, "readwrite", &options)
                .map_err(|_| LocalError)?
                .into()
        } else {
            Database::from(database)
                .transaction(&[STORE], mode)
                .map_err(failed)?
        };
        let store = transaction.object_store(STORE).map_err(failed)?;
        Ok((transaction, store))
    }

    async fn database(&self) -> Result<IdbDatabase, LocalError> {
        if let Some(open) = self.open.borrow().clone() {
            return Ok(open);
        }
        let factory = Factory::new().map_err(failed)?;
        let mut request = factory.open(DATABASE, Some(1)).map_err(failed)?;
        request.on_upgrade_needed(|event| {
            if let Ok(database) = event.database() {
                // A failure here makes the opening fail, which is answered below.
                let _ = database.create_object_store(STORE, ObjectStoreParams::new());
            }
        });
        let open: IdbDatabase = request.await.map_err(failed)?.into();
        self.open.replace(Some(open.clone()));
        Ok(open)
    }
}

async fn finish(transaction: Transaction) -> Result<(), LocalError> {
    let result = transaction.await.map_err(failed)?;
    if result.is_committed() {
        Ok(())
    } else {
        Err(LocalError)
    }
}

fn failed(_: idb::Error) -> LocalError {
    LocalError
}

const DATABASE: &str = "civis";
const STORE: &str = "local";
