//! Charters beyond the first, as `build` makes them: what may follow what (checklist 15).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::account::secrets::Identity;
use crate::audit::tree::TreeHead;
use crate::collection::head::{HeadBoxError, HeadSigner, NewHead, make_head};
use crate::random::RandomError;

/// Distinct bytes at each draw.
struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        self.0 += 1;
        for (byte, at) in out.iter_mut().zip(0_u8..) {
            *byte = self.0.wrapping_add(at);
        }
        Ok(())
    }
}

struct Person {
    account: Id,
    identity: Identity,
    bundle: VerifiedBundle,
}

impl Person {
    fn new(random: &mut Counting) -> Self {
        let account = [random.0; 16];
        let identity = Identity::make(1, random).unwrap();
        let bundle = VerifiedBundle::make(&account, &identity).unwrap();
        Self {
            account,
            identity,
            bundle,
        }
    }

    fn author(&self) -> Author<'_> {
        Author {
            account: self.account,
            seq: 0,
            identity: self.identity.signing(),
        }
    }

    fn member(&self, role: Role) -> Member {
        Member {
            account: self.account,
            seq: 0,
            bundle_hash: self.bundle.hash(),
            role,
            until: 0,
        }
    }
}

struct World {
    random: Counting,
    owner: Person,
    friend: Person,
    epoch_key: EpochKey,
    keys: [(WriteKey, AdminKey); 2],
    genesis: OpenedCharter,
}

impl World {
    fn new() -> Self {
        let mut random = Counting(0);
        let (owner, friend) = (Person::new(&mut random), Person::new(&mut random));
        let epoch_key = EpochKey::make(&mut random).unwrap();
        let mut pair = || {
            (
                WriteKey::make(&mut random).unwrap(),
                AdminKey::make(&mut random).unwrap(),
            )
        };
        let keys = [pair(), pair()];
        let new = NewCollection {
            collection_id: [1; 16],
            epoch_key: &epoch_key,
            write_key: &keys[0].0,
            admin_key: &keys[0].1,
        };
        let genesis = make_genesis(&new, &owner.author(), &owner.bundle, &mut random).unwrap();
        let genesis = genesis.open_genesis(&epoch_key, &owner.bundle).unwrap();
        Self {
            random,
            owner,
            friend,
            epoch_key,
            keys,
            genesis,
        }
    }

    /// Charter `before` + 1 with these members, signed by `signer` and the first admin key.
    fn next(
        &mut self,
        before: &OpenedCharter,
        epoch: u32,
        members: Vec<Member>,
        keys_2_3: bool,
        by_friend: bool,
    ) -> Result<OpenedCharter, CharterBoxError> {
        let (write_key, admin_key) = &self.keys[epoch as usize];
        let new = NewCollection {
            collection_id: [1; 16],
            epoch_key: &self.epoch_key,
            write_key,
            admin_key,
        };
        let draft = Draft {
            epoch,
            charter_no: before.charter.charter_no() + 1,
            prev_hash: *before.charter.hash(),
            admin_key: &self.keys[0].1,
        };
        let signer = if by_friend { &self.friend } else { &self.owner };
        let (prev_key, last) = (keys_2_3.then_some([0; 104]), keys_2_3.then_some((7, [7; 32])));
        let inside = Inside::new(members, prev_key, last, &signer.author());
        let bytes = build(&new, &draft, inside, &signer.author(), &mut self.random).unwrap();
        let charter = Charter::parse(&bytes)
            .unwrap()
            .verify_next(&before.charter)
            .unwrap();
        charter.open_next(&self.epoch_key, before, &signer.bundle)
    }
}

#[test]
fn members_come_inside_an_epoch_and_go_at_its_end() {
    let mut world = World::new();
    let (owner, friend) = (world.owner.member(Role::Admin), world.friend.member(Role::Write));
    let genesis = world.genesis.clone();
    let one = world
        .next(&genesis, 0, vec![owner, friend], false, false)
        .unwrap();
    assert_eq!(one.members().len(), 2);
    assert_eq!(one.member(&friend.account), Some(&friend));
    let two = world.next(&one, 1, vec![owner], true, false).unwrap();
    assert_eq!(
        (two.members(), two.final_head()),
        ([owner].as_slice(), Some((7, [7; 32])))
    );
}

#[test]
fn n15_what_breaks_a_rule_between_two_charters_is_refused() {
    let mut world = World::new();
    let (owner, friend) = (world.owner.member(Role::Admin), world.friend.member(Role::Write));
    let genesis = world.genesis.clone();
    let one = world
        .next(&genesis, 0, vec![owner, friend], false, false)
        .unwrap();
    let mut refused = |epoch, members: &[Member], keys_2_3, by_friend| {
        world
            .next(&one, epoch, members.to_vec(), keys_2_3, by_friend)
            .err()
    };
    let lower = Member {
        role: Role::Read,
        ..friend
    };
    let higher = Member {
        role: Role::Admin,
        ..friend
    };
    // Inside an epoch: nobody removed or lowered, keys 2 and 3 as they were.
    assert_eq!(refused(0, &[owner], false, false), Some(CharterBoxError::Before));
    assert_eq!(
        refused(0, &[owner, lower], false, false),
        Some(CharterBoxError::Before)
    );
    assert_eq!(
        refused(0, &[owner, friend], true, false),
        Some(CharterBoxError::Before)
    );
    assert_eq!(refused(0, &[owner, higher], false, false), None);
    // Across one: both there; always an admin left, and each account once.
    assert_eq!(refused(1, &[owner], false, false), Some(CharterBoxError::Before));
    assert_eq!(refused(1, &[friend], true, false), Some(CharterBoxError::Members));
    assert_eq!(
        refused(1, &[owner, owner], true, false),
        Some(CharterBoxError::Malformed)
    );
    assert_eq!(refused(1, &[], true, false), Some(CharterBoxError::Members));
    // A writer who holds the admin key of somebody else is still no admin.
    assert_eq!(
        refused(0, &[owner, higher], false, true),
        Some(CharterBoxError::Signer)
    );
}

#[test]
fn n15_a_next_charter_opens_behind_its_own_predecessor_only() {
    let mut world = World::new();
    let owner = world.owner.member(Role::Admin);
    let genesis = world.genesis.clone();
    let one = world.next(&genesis, 0, vec![owner], false, false).unwrap();
    let two = world.next(&one, 0, vec![owner], false, false).unwrap();
    let open = |before| {
        two.charter
            .open_next(&world.epoch_key, before, &world.owner.bundle)
            .err()
    };
    assert_eq!(open(&one), None);
    assert_eq!(open(&genesis), Some(CharterBoxError::Before));
    let as_first = two
        .charter
        .open_genesis(&world.epoch_key, &world.owner.bundle)
        .err();
    assert_eq!(as_first, Some(CharterBoxError::Before));
    let friend = two
        .charter
        .open_next(&world.epoch_key, &one, &world.friend.bundle)
        .err();
    assert_eq!(friend, Some(CharterBoxError::Signer));
}

#[test]
fn n20_a_member_whose_role_is_too_low_is_refused_as_author_of_a_head() {
    let mut world = World::new();
    let genesis = world.genesis.clone();
    for (role, as_writer, as_admin) in [
        (Role::Read, Some(HeadBoxError::Role), Some(HeadBoxError::Role)),
        (Role::Write, None, Some(HeadBoxError::Role)),
        (Role::Admin, None, None),
    ] {
        let members = vec![world.owner.member(Role::Admin), world.friend.member(role)];
        let charter = world.next(&genesis, 0, members, false, false).unwrap();
        let (write_key, admin_key) = &world.keys[0];
        // The friend holds both keys, by whatever way: the charter decides.
        for (signer, expected) in [
            (HeadSigner::Write(write_key), as_writer),
            (HeadSigner::Admin(admin_key), as_admin),
        ] {
            let new = NewHead {
                charter: charter.charter(),
                before: None,
                root_page_id: [1; 32],
                refs_hash: [2; 32],
                time: 3,
                entries: 0,
                checkpoint: TreeHead::default(),
            };
            let author = world.friend.author();
            let head = make_head(&new, &signer, &author, &world.epoch_key, &mut world.random).unwrap();
            let opened = head.open(&world.epoch_key).unwrap();
            assert_eq!(
                opened.verify_author(&charter, &world.friend.bundle).err(),
                expected
            );
        }
    }
}
