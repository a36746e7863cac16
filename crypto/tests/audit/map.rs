//! The map in memory: one root for one content, a proof for every key.

use crypto::audit::map::{self, Map, MapProof, MapProofError};
use crypto::id::Hash32;
use proptest::prelude::*;

use super::{
    Content, EMPTY, End, Way, any_content, any_key, asked, flip, leaf_hash, plain_content,
    root_by_definition, way_by_definition,
};

fn filled(content: &Content) -> Map {
    let mut map = Map::new();
    for (key, value) in content {
        map.insert(*key, *value);
    }
    map
}

#[test]
fn an_empty_map_and_a_map_of_one() {
    let mut map = Map::new();
    assert_eq!((map.root(), map::EMPTY), (EMPTY, EMPTY));
    assert_eq!(map.prove(&[7; 32]).to_bytes(), [0, 0, 0]);
    assert_eq!(map.prove(&[7; 32]).verify(&EMPTY, &[7; 32]), Ok(None));

    map.insert([7; 32], [9; 32]);
    let root = leaf_hash(&[7; 32], &[9; 32]);
    assert_eq!(map.root(), root);
    assert_eq!(map.prove(&[7; 32]).verify(&root, &[7; 32]), Ok(Some([9; 32])));
    assert_eq!(map.prove(&[8; 32]).verify(&root, &[8; 32]), Ok(None));
    assert_eq!(
        map.prove(&[7; 32]).verify(&EMPTY, &[7; 32]),
        Err(MapProofError::Root)
    );

    map.insert([7; 32], [10; 32]);
    assert_eq!(
        map.root(),
        leaf_hash(&[7; 32], &[10; 32]),
        "the latest value counts"
    );
}

#[test]
fn two_keys_may_part_at_any_bit() {
    for depth in 0..256 {
        let base = [0x5a; 32];
        let content = Content::from([(base, [1; 32]), (flip(&base, depth), [2; 32])]);
        let mut map = filled(&content);
        let root = map.root();
        assert_eq!(root, root_by_definition(&content), "depth {depth}");
        for (key, value) in &content {
            let proof = map.prove(key);
            // One hash, the other key's leaf, whatever the depth.
            assert_eq!(proof.to_bytes().len(), 3 + (depth + 1).div_ceil(8) + 32 + 32);
            assert_eq!(MapProof::parse(&proof.to_bytes()), Ok(proof.clone()));
            assert_eq!(proof.verify(&root, key), Ok(Some(*value)));
        }
        for near in (0..256).filter(|near| *near != depth) {
            let absent = flip(&base, near);
            let proof = map.prove(&absent);
            assert_eq!(proof.verify(&root, &absent), Ok(None), "{depth}, {near}");
            assert_eq!(MapProof::parse(&proof.to_bytes()), Ok(proof));
        }
    }
}

#[test]
fn a_proof_in_a_large_map_is_short() {
    let content = plain_content(10_000);
    let mut map = filled(&content);
    let root = map.root();
    assert_eq!(root, root_by_definition(&content));
    let lens: Vec<usize> = content
        .keys()
        .map(|key| {
            let proof = map.prove(key);
            assert!(proof.verify(&root, key).unwrap().is_some());
            proof.to_bytes().len()
        })
        .collect();
    let mean = lens.iter().sum::<usize>() / lens.len();
    assert!((440..500).contains(&mean), "{mean} bytes on average");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Shuffled, with older values before the last ones and roots asked for in between.
    #[test]
    fn one_content_has_one_root_whatever_the_order(
        steps in prop::collection::vec((any_key(), any::<Hash32>(), any::<bool>()), 0..60),
        order in any::<prop::sample::Index>(),
    ) {
        let mut map = Map::new();
        let mut content = Content::new();
        for (key, value, look) in &steps {
            map.insert(*key, *value);
            content.insert(*key, *value);
            if *look {
                prop_assert_eq!(map.root(), root_by_definition(&content));
            }
        }
        prop_assert_eq!(map.root(), root_by_definition(&content));

        let mut leaves: Vec<_> = content.iter().collect();
        if !leaves.is_empty() {
            let middle = order.index(leaves.len());
            leaves.rotate_left(middle);
            leaves[..middle].reverse();
        }
        let mut other = Map::new();
        for (key, value) in leaves {
            other.insert(*key, *value);
        }
        prop_assert_eq!(other.root(), map.root());
    }

    #[test]
    fn every_key_has_its_one_proof(content in any_content(40), far in prop::collection::vec(any_key(), 8)) {
        let mut map = filled(&content);
        let root = map.root();
        for key in asked(&content, &far) {
            let proof = map.prove(&key);
            let bytes = proof.to_bytes();
            prop_assert_eq!(&bytes, &way_by_definition(&content, &key).to_bytes());
            let read = MapProof::parse(&bytes).unwrap();
            prop_assert_eq!(&read, &proof);
            prop_assert_eq!(read.verify(&root, &key), Ok(content.get(&key).copied()));
        }
    }

    /// The proof of one key may say something true of another one, never something false; and nothing of other roots.
    #[test]
    fn a_proof_tells_no_lie_about_other_keys_and_roots(
        content in any_content(24),
        far in prop::collection::vec(any_key(), 4),
        added in any_key(),
    ) {
        let mut map = filled(&content);
        let root = map.root();
        let asked = asked(&content, &far);
        let proofs: Vec<_> = asked.iter().map(|key| map.prove(key)).collect();
        map.insert(added, [3; 32]);
        let later = map.root();
        prop_assume!(later != root);
        for (of, proof) in asked.iter().zip(&proofs) {
            for key in &asked {
                if let Ok(answer) = proof.verify(&root, key) {
                    prop_assert_eq!(answer, content.get(key).copied());
                }
            }
            prop_assert_eq!(proof.verify(&later, of), Err(MapProofError::Root));
        }
    }

    #[test]
    fn a_flipped_bit_is_refused(content in any_content(24), far in any_key(), pick in any::<prop::sample::Index>()) {
        let mut map = filled(&content);
        let root = map.root();
        let asked = asked(&content, &[far]);
        let key = pick.get(&asked);
        let bytes = map.prove(key).to_bytes();
        for at in 0..8 * bytes.len() {
            let mut other = bytes.clone();
            other[at / 8] ^= 0x80 >> (at % 8);
            let refused = MapProof::parse(&other).map_or(true, |proof| proof.verify(&root, key).is_err());
            prop_assert!(refused, "bit {}", at);
        }
        for cut in 0..bytes.len() {
            let refused = MapProof::parse(&bytes[..cut]).map_or(true, |proof| proof.verify(&root, key).is_err());
            prop_assert!(refused, "cut to {}", cut);
        }
    }
}

#[test]
fn the_reference_writes_what_the_specification_shows() {
    let way = Way {
        siblings: vec![[1; 32], EMPTY, [2; 32]],
        end: End::Wanted([3; 32]),
    };
    let shown = [&[1, 0, 3, 0b1010_0000][..], &[1; 32], &[2; 32], &[3; 32]].concat();
    assert_eq!(way.to_bytes(), shown);
    assert!(MapProof::parse(&shown).is_ok());
}
