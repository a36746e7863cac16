//! A person with an account: makes what the client makes, with noise where only the client could read.

use axum::http::{Method, StatusCode};
use crypto::account::bundle::VerifiedBundle;
use crypto::account::handle::Handle;
use crypto::account::secrets::Identity;
use crypto::audit::tree::TreeHead;
use crypto::collection::charter::{NewCollection, VerifiedCharter, make_genesis};
use crypto::collection::head::{HeadSigner, NewHead, Pin, make_head};
use crypto::collection::keys::{AdminKey, EpochKey, WriteKey};
use crypto::collection::page::page_id;
use crypto::collection::refs::{Reference as Ref, Refs};
use crypto::document::body::{BodyHeader, fold_parts, part_hash};
use crypto::document::descriptor::Author;
use crypto::document::padding::Shape;
use crypto::id::{Hash32, Id};
use crypto::opaque::client;
use crypto::phrase::Password;
use crypto::session::MacKey;
use crypto::words::{RecoveryAuth, Words};
use shared::account::{CreateAccount, CreateCollection, RegistrationChallenge, RegistrationStart};
use shared::collection::{Commit, Reference};
use shared::document::{BeginUpload, CommitUpload};
use shared::session::{
    LoginChallenge, LoginFinish, LoginStart, RecoveryChallenge, RecoveryFinish, RecoveryOpened,
    RecoveryStart, SessionOpened,
};
use shared::{AccountId, Blob, BodyId, CollectionId, Hash, OperationId, RecoveryId, path};

use crate::world::{Answer, Rng, Session, World, log_write, noise, random};

pub(crate) struct Person {
    pub(crate) id: Id,
    pub(crate) handle: Handle,
    pub(crate) password: Password,
    pub(crate) words: Words,
    pub(crate) request: CreateAccount,
    pub(crate) collection: Id,
    charter: VerifiedCharter,
    epoch_key: EpochKey,
    write_key: WriteKey,
    admin_key: AdminKey,
    identity: Identity,
    /// The head that this person saw last.
    pub(crate) pin: Pin,
    pub(crate) root: Hash32,
}

/// Who signs a commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Writer,
    Admin,
}

impl Person {
    /// Makes everything, and sends nothing but the first half of the registration.
    pub(crate) async fn prepare(world: &World, handle: &str) -> Self {
        let (id, collection) = (random(), random());
        let handle = Handle::parse(handle).unwrap();
        let password = Password::normalise("huit mots que personne ne devine jamais ici").unwrap();
        let words = Words::make(&mut Rng).unwrap();
        let auth: RecoveryAuth = words.derive_recovery_auth();
        let registration = register(world, &handle, &password).await;
        let identity = Identity::make(world.now(), &mut Rng).unwrap();
        let bundle = VerifiedBundle::make(&id, &identity).unwrap();
        let epoch_key = EpochKey::make(&mut Rng).unwrap();
        let write_key = WriteKey::make(&mut Rng).unwrap();
        let admin_key = AdminKey::make(&mut Rng).unwrap();
        let author = Author {
            account: id,
            seq: 0,
            identity: identity.signing(),
        };
        let new = NewCollection {
            collection_id: collection,
            epoch_key: &epoch_key,
            write_key: &write_key,
            admin_key: &admin_key,
        };
        let charter = make_genesis(&new, &author, &bundle, &mut Rng).unwrap();
        let request = CreateAccount {
            label: Hash(random()),
            log: log_write(),
            operation_id: OperationId(random()),
            account_id: AccountId(id),
            handle: handle.as_str().to_owned(),
            registration: Blob(registration),
            recovery_id: RecoveryId(words.derive_recovery_id()),
            recovery_pk: Hash(auth.public_key()),
            password_slot: slot(1, &id),
            words_slot: slot(3, &id),
            secrets: record(1, &id, 1, [0; 32]),
            manifest: record(2, &id, 1, [0; 32]),
            bundle: Blob(bundle.to_bytes().to_vec()),
            collection: CreateCollection {
                collection_id: CollectionId(collection),
                charter: Blob(charter.to_bytes().to_vec()),
                commit: Commit {
                    log: log_write(),
                    pages: vec![],
                    adds: vec![],
                    drops: vec![],
                    head: Blob::default(),
                },
            },
        };
        let pin = Pin {
            head_no: 0,
            head_hash: [0; 32],
            charter_no: 0,
        };
        let mut person = Self {
            id,
            handle,
            password,
            words,
            request,
            collection,
            charter,
            epoch_key,
            write_key,
            admin_key,
            identity,
            pin,
            root: [0; 32],
        };
        let (commit, pin, root) =
            person.commit_at(None, vec![page()], vec![], vec![], By::Admin, world.now());
        person.request.collection.commit = commit;
        (person.pin, person.root) = (pin, root);
        person
    }

    /// Creates the account and signs in by the words, which costs nothing.
    pub(crate) async fn create(world: &World, handle: &str) -> (Self, Session) {
        let person = Self::prepare(world, handle).await;
        world
            .post(path::ACCOUNTS, &person.request)
            .await
            .is(StatusCode::CREATED);
        let session = person.recover(world).await;
        (person, session)
    }

    pub(crate) async fn recover(&self, world: &World) -> Session {
        let start = RecoveryStart {
            recovery_id: RecoveryId(self.words.derive_recovery_id()),
        };
        let challenge: RecoveryChallenge = world.post(path::RECOVERIES_START, &start).await.json();
        let auth = self.words.derive_recovery_auth();
        let deployment = world.state.deployment_id();
        let proof = auth.make_proof(&deployment, &challenge.challenge.0, &challenge.login_id.0);
        let finish = RecoveryFinish {
            login_id: challenge.login_id,
            proof: Blob(proof.to_vec()),
        };
        let opened: RecoveryOpened = world.post(path::RECOVERIES_FINISH, &finish).await.json();
        assert_eq!(opened.account_id.0, self.id);
        let key = MacKey::derive(opened.session_secret.as_bytes(), opened.session_id.as_bytes());
        Session {
            id: opened.session_id,
            key,
        }
    }

    /// A login by password, up to the second half of it, which is not sent.
    pub(crate) async fn begin_login(
        &self,
        world: &World,
        password: &Password,
    ) -> (LoginFinish, Option<[u8; 64]>) {
        let (login, ke1) = client::login_start(password, &mut Rng).unwrap();
        let start = LoginStart {
            handle: self.handle.as_str().to_owned(),
            ke1: Blob(ke1.to_vec()),
        };
        let challenge: LoginChallenge = world.post(path::SESSIONS_START, &start).await.json();
        let credential = self.handle.credential_id();
        let deployment = world.state.deployment_id();
        match login.finish(&deployment, &credential, challenge.ke2.as_slice(), &mut Rng) {
            Ok(done) => {
                let finish = LoginFinish {
                    login_id: challenge.login_id,
                    ke3: Blob(done.ke3.to_vec()),
                };
                (finish, Some(*done.session_key.expose()))
            }
            Err(_) => (
                LoginFinish {
                    login_id: challenge.login_id,
                    ke3: Blob(noise(64)),
                },
                None,
            ),
        }
    }

    pub(crate) async fn login(&self, world: &World) -> (Session, SessionOpened) {
        let (finish, key) = self.begin_login(world, &self.password).await;
        let opened: SessionOpened = world.post(path::SESSIONS_FINISH, &finish).await.json();
        let key = MacKey::derive(&key.unwrap(), opened.session_id.as_bytes());
        (
            Session {
                id: opened.session_id,
                key,
            },
            opened,
        )
    }

    /// A first commit of so many pages.
    pub(crate) fn first_commit(&self, pages: usize) -> Commit {
        let pages = std::iter::repeat_with(page).take(pages).collect();
        self.commit_at(None, pages, vec![], vec![], By::Admin, 7).0
    }

    /// The next commit after what this person saw last. Page lists are in any order, references are sorted here.
    pub(crate) fn commit(
        &self,
        pages: Vec<Vec<u8>>,
        bodies: Vec<Ref>,
        drops: Vec<Ref>,
        by: By,
    ) -> (Commit, Pin, Hash32) {
        self.commit_at(Some(&self.pin), pages, bodies, drops, by, 7)
    }

    fn commit_at(
        &self,
        before: Option<&Pin>,
        pages: Vec<Vec<u8>>,
        mut adds: Vec<Ref>,
        mut drops: Vec<Ref>,
        by: By,
        time: u64,
    ) -> (Commit, Pin, Hash32) {
        adds.extend(pages.iter().map(|page| Ref::Page(page_id(page))));
        adds.sort();
        drops.sort();
        let refs = Refs::new(adds.clone(), drops.clone()).unwrap();
        let root = pages.first().map_or(self.root, |page| page_id(page));
        let new = NewHead {
            charter: &self.charter,
            before,
            root_page_id: root,
            refs_hash: refs.hash(),
            time,
            entries: 0,
            checkpoint: TreeHead::default(),
        };
        let signer = match by {
            By::Writer => HeadSigner::Write(&self.write_key),
            By::Admin => HeadSigner::Admin(&self.admin_key),
        };
        let author = Author {
            account: self.id,
            seq: 0,
            identity: self.identity.signing(),
        };
        let head = make_head(&new, &signer, &author, &self.epoch_key, &mut Rng).unwrap();
        let wire = |list: Vec<Ref>| {
            list.into_iter()
                .map(|reference| match reference {
                    Ref::Body(id) => Reference::Body(BodyId(id)),
                    Ref::Page(id) => Reference::Page(Hash(id)),
                })
                .collect()
        };
        let commit = Commit {
            log: log_write(),
            pages: pages.into_iter().map(Blob).collect(),
            adds: wire(adds),
            drops: wire(drops),
            head: Blob(head.to_bytes().to_vec()),
        };
        (commit, head.pin(), root)
    }

    /// Commits and remembers the new head.
    pub(crate) async fn push(
        &mut self,
        world: &World,
        session: &Session,
        bodies: Vec<Ref>,
        mut drops: Vec<Ref>,
        by: By,
    ) -> Answer {
        drops.push(Ref::Page(self.root));
        let (commit, pin, root) = self.commit(vec![page()], bodies, drops, by);
        let answer = world
            .tell(
                session,
                Method::PUT,
                &self.head_path(),
                Some(self.pin.head_hash),
                &commit,
            )
            .await;
        if answer.status == StatusCode::OK {
            (self.pin, self.root) = (pin, root);
        }
        answer
    }

    pub(crate) fn head_path(&self) -> String {
        path::HEAD.replace("{collection_id}", &CollectionId(self.collection).to_string())
    }

    pub(crate) fn path(&self, template: &str) -> String {
        template.replace("{collection_id}", &CollectionId(self.collection).to_string())
    }

    /// Uploads a whole body of noise.
    pub(crate) async fn upload(&self, world: &World, session: &Session, plain_len: u64) -> Body {
        let body = Body::make(&self.id, plain_len);
        world
            .tell(session, Method::POST, path::UPLOADS, None, &body.begin)
            .await
            .is(StatusCode::CREATED);
        body.send_parts(world, session).await;
        let answer = world
            .tell(
                session,
                Method::POST,
                &body.path(path::UPLOAD_COMMIT),
                None,
                &body.commit,
            )
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        body
    }
}

/// A body of noise, with the header that fits it.
pub(crate) struct Body {
    pub(crate) id: Id,
    pub(crate) parts: Vec<Vec<u8>>,
    pub(crate) hashes: Vec<Hash32>,
    pub(crate) begin: BeginUpload,
    pub(crate) commit: CommitUpload,
}

impl Body {
    pub(crate) fn make(account: &Id, plain_len: u64) -> Self {
        let id = random();
        let shape = Shape::of_plain(plain_len).unwrap();
        let len = |part| usize::try_from(shape.part_ct_len(part).unwrap()).unwrap();
        let parts: Vec<Vec<u8>> = (0..shape.parts).map(|part| noise(len(part))).collect();
        let hashes: Vec<Hash32> = parts.iter().map(|part| part_hash(part).unwrap()).collect();
        let mut reference = [0; 32];
        reference[..16].copy_from_slice(&id);
        Self {
            begin: BeginUpload {
                body_id: BodyId(id),
                ct_len: shape.ct_len,
                record: record(3, account, 1, reference),
            },
            commit: CommitUpload {
                header: Blob(header(&id, shape.ct_len, &fold_parts(&hashes))),
            },
            id,
            parts,
            hashes,
        }
    }

    pub(crate) fn path(&self, template: &str) -> String {
        template.replace("{body_id}", &BodyId(self.id).to_string())
    }

    pub(crate) fn part_path(&self, part: usize) -> String {
        self.path(path::UPLOAD_PART).replace("{part}", &part.to_string())
    }

    pub(crate) async fn send_parts(&self, world: &World, session: &Session) {
        for (part, bytes) in self.parts.iter().enumerate() {
            let answer = world
                .put_part(session, &self.part_path(part), self.hashes[part], bytes.clone())
                .await;
            answer.is(StatusCode::NO_CONTENT);
        }
    }
}

/// CVB1.
pub(crate) fn header(id: &Id, ct_len: u64, root: &Hash32) -> Vec<u8> {
    let bytes = [
        b"CVB1\x01\x01\0\0",
        &id[..],
        &ct_len.to_be_bytes(),
        &noise(24),
        &noise(32),
        root,
    ]
    .concat();
    BodyHeader::parse(&bytes).unwrap().to_bytes()
}

/// A page of one KiB.
pub(crate) fn page() -> Vec<u8> {
    noise(72 + 1024)
}

/// CVS1 of this type.
pub(crate) fn slot(slot_type: u8, account: &Id) -> Blob {
    let profile = u8::from(slot_type == 1);
    let head = [
        b"CVS1\x01",
        &[slot_type, 0, 0][..],
        account,
        &random::<16>(),
        &[0; 4],
        &[profile, 0, 0, 0],
    ]
    .concat();
    Blob([&head[..], &[0; 16], &noise(104)].concat())
}

/// CAR1 of this kind.
pub(crate) fn record(kind: u8, account: &Id, version: u64, reference: Hash32) -> Blob {
    let sealed = noise(56 + 16 + if kind == 2 { 1024 } else { 256 });
    let len = u32::try_from(sealed.len()).unwrap().to_be_bytes();
    let head = [
        b"CAR1\x01",
        &[kind, 0, 0][..],
        account,
        &version.to_be_bytes(),
        &reference,
        &len,
    ]
    .concat();
    Blob([head, sealed].concat())
}

/// OPAQUE's registration, whole.
pub(crate) async fn register(world: &World, handle: &Handle, password: &Password) -> Vec<u8> {
    let (registration, request) = client::registration_start(password, &mut Rng).unwrap();
    let start = RegistrationStart {
        handle: handle.as_str().to_owned(),
        request: Blob(request.to_vec()),
    };
    let answer: RegistrationChallenge = world.post(path::REGISTRATIONS, &start).await.json();
    let deployment = world.state.deployment_id();
    let done = registration
        .finish(
            &deployment,
            &handle.credential_id(),
            answer.response.as_slice(),
            &mut Rng,
        )
        .unwrap();
    done.record.to_vec()
}
