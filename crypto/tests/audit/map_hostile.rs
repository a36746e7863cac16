//! Proofs of the map that a liar builds from everything he knows: all hashes, all leaves, any shape.

use crypto::audit::map::{Map, MapProof, MapProofError, MapProofFormError};
use crypto::hash::sha256_of;
use crypto::id::Hash32;
use proptest::prelude::*;

use super::{Content, EMPTY, End, Way, any_content, any_key, flip, leaf_hash, root_of, way_by_definition};

/// What the product says to a proof made here; `None` where it is refused, in whatever way.
fn answer(way: &Way, root: &Hash32, key: &Hash32) -> Option<Option<Hash32>> {
    MapProof::parse(&way.to_bytes()).ok()?.verify(root, key).ok()
}

fn root_and_way(content: &Content, key: &Hash32) -> (Hash32, Way) {
    let mut map = Map::new();
    for (key, value) in content {
        map.insert(*key, *value);
    }
    (map.root(), way_by_definition(content, key))
}

/// Every end that somebody who knows the content can put to a way.
fn ends(content: &Content, key: &Hash32, siblings: &[Hash32]) -> Vec<End> {
    let mut ends = vec![End::Empty, End::Wanted([4; 32]), End::Wanted(EMPTY)];
    let given = || siblings.iter().filter(|sibling| **sibling != EMPTY);
    let hashes = || given().chain([&EMPTY, key]);
    for (other, value) in content {
        ends.extend([
            End::Wanted(*value),
            End::Other(*other, *value),
            End::Other(*key, *value),
        ]);
    }
    for left in hashes() {
        ends.push(End::Wanted(*left));
        ends.extend(hashes().map(|right| End::Other(*left, *right)));
    }
    ends
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The true way cut short at every step, or made longer, with every end.
    #[test]
    fn no_other_way_gives_another_answer(
        content in any_content(10),
        key in any_key(),
        present in any::<Option<prop::sample::Index>>(),
    ) {
        let keys: Vec<Hash32> = content.keys().copied().collect();
        let key = present.filter(|_| !keys.is_empty()).map_or(key, |at| *at.get(&keys));
        let (root, way) = root_and_way(&content, &key);
        let truth = content.get(&key).copied();
        let mut yes = 0;
        let mut shapes: Vec<Vec<Hash32>> = (0..=way.siblings.len()).map(|cut| way.siblings[..cut].to_vec()).collect();
        for more in [EMPTY, [5; 32], root, leaf_hash(&key, &[4; 32])] {
            shapes.push([way.siblings.as_slice(), &[more]].concat());
            shapes.push([&[more], way.siblings.as_slice()].concat());
        }
        for siblings in shapes {
            for end in ends(&content, &key, &siblings) {
                let made = Way { siblings: siblings.clone(), end };
                if let Some(said) = answer(&made, &root, &key) {
                    prop_assert_eq!(said, truth, "{:?}", made);
                    prop_assert_eq!(&made, &way, "a second proof");
                    yes += 1;
                }
            }
        }
        prop_assert!(yes >= 1, "the true one is among them");
    }
}

#[test]
fn a_node_is_not_taken_for_a_leaf() {
    let content = Content::from([([0x10; 32], [1; 32]), ([0x90; 32], [2; 32])]);
    let [left, right] = [0x10, 0x90].map(|byte| leaf_hash(&[byte; 32], &content[&[byte; 32]]));
    let (root, _) = root_and_way(&content, &left);
    assert_eq!(root, sha256_of(&[&[1], &left, &right]));
    // The two hashes below the root, read as a key and its value.
    let as_leaf = |end| Way {
        siblings: vec![],
        end,
    };
    assert_eq!(
        answer(&as_leaf(End::Other(left, right)), &root, &[0x10; 32]),
        None
    );
    assert_eq!(answer(&as_leaf(End::Wanted(right)), &root, &left), None);
    // A leaf, read as a node: its key and value as two sides.
    let single = Content::from([([0x10; 32], leaf_hash(&[0x20; 32], &[1; 32]))]);
    let (root, _) = root_and_way(&single, &[0x10; 32]);
    let as_node = Way {
        siblings: vec![[0x10; 32]],
        end: End::Wanted([1; 32]),
    };
    assert_eq!(answer(&as_node, &root, &[0x20; 32]), None);
}

/// Even a root that nobody could have computed from a content has one answer for each key.
#[test]
fn a_root_that_is_not_of_a_map_has_no_two_answers() {
    let (key, value) = ([0x10; 32], [1; 32]);
    let near = flip(&key, 255);
    // The leaf of `key` twice: on its way, and on that of keys which begin with a one; and beside it another.
    let leaves = [
        leaf_hash(&key, &value),
        leaf_hash(&key, &[2; 32]),
        leaf_hash(&near, &value),
    ];
    for (left, right) in [(0, 1), (1, 0), (0, 0), (2, 0), (0, 2)] {
        let (left, right) = (leaves[left], leaves[right]);
        let root = sha256_of(&[&[1], &left, &right]);
        let mut said = Vec::new();
        for sibling in [left, right] {
            let values = [value, [2; 32]];
            let ends = values.iter().flat_map(|value| {
                [
                    End::Wanted(*value),
                    End::Other(key, *value),
                    End::Other(near, *value),
                ]
            });
            for end in ends.chain([End::Empty]) {
                let siblings = vec![sibling];
                said.extend(answer(&Way { siblings, end }, &root, &key));
            }
        }
        said.dedup();
        assert!(said.len() <= 1, "{said:?}");
    }
    // A leaf of a key that begins with a zero, where ones stand: it proves no absence there.
    let root = sha256_of(&[&[1], &leaves[2], &leaves[0]]);
    let way = Way {
        siblings: vec![leaves[2]],
        end: End::Other(key, value),
    };
    let proof = MapProof::parse(&way.to_bytes()).unwrap();
    assert_eq!(proof.verify(&root, &[0x90; 32]), Err(MapProofError::Elsewhere));
}

#[test]
fn the_other_leaf_is_another_and_on_the_way() {
    let content = Content::from([([0x10; 32], [1; 32]), ([0x90; 32], [2; 32])]);
    let (root, _) = root_and_way(&content, &[0; 32]);
    let sibling = |key: &Hash32| match key {
        [0x10, ..] => leaf_hash(&[0x90; 32], &[2; 32]),
        _ => leaf_hash(&[0x10; 32], &[1; 32]),
    };
    let other = |of: [u8; 32], value: [u8; 32]| {
        let way = Way {
            siblings: vec![sibling(&of)],
            end: End::Other(of, value),
        };
        MapProof::parse(&way.to_bytes()).unwrap()
    };
    let left = other([0x10; 32], [1; 32]);
    assert_eq!(left.verify(&root, &[0x11; 32]), Ok(None));
    assert_eq!(left.verify(&root, &[0x10; 32]), Err(MapProofError::Elsewhere));
    assert_eq!(left.verify(&root, &[0x91; 32]), Err(MapProofError::Elsewhere));
    let right = other([0x90; 32], [2; 32]);
    assert_eq!(right.verify(&root, &[0x91; 32]), Ok(None));
    assert_eq!(right.verify(&root, &[0x11; 32]), Err(MapProofError::Elsewhere));
}

#[test]
fn every_other_form_is_refused() {
    let (one, two) = ([1; 32], [2; 32]);
    let refused = |what: &str, bytes: Vec<u8>| {
        assert_eq!(MapProof::parse(&bytes), Err(MapProofFormError), "{what}");
    };
    let empty: &[u8] = &[];
    let good = [&[0, 0, 2, 0b0100_0000][..], &one].concat();
    assert!(MapProof::parse(&good).is_ok());
    refused("nothing", vec![]);
    refused("an end that is none", [&[3], &good[1..]].concat());
    refused("a trailing byte", [&good[..], &[0]].concat());
    refused("a byte missing", good[..good.len() - 1].to_vec());
    refused("no value", [&[1], &good[1..]].concat());
    refused("half another leaf", [&[2], &good[1..], &two].concat());
    refused(
        "a bit behind the last step",
        [&[0, 0, 2, 0b0110_0000][..], &one, &two].concat(),
    );
    refused(
        "an empty sibling spelt out",
        [&[0, 0, 2, 0b1100_0000][..], &EMPTY, &one].concat(),
    );
    for (end, rest) in [(0, empty), (1, &one), (2, &[one, two].concat())] {
        refused(
            "an empty sibling at the last step",
            [&[end, 0, 2, 0b1000_0000][..], &one, rest].concat(),
        );
        refused("nothing but empty siblings", [&[end, 0, 9, 0, 0], rest].concat());
    }
    refused(
        "a longer list of bits",
        [&[0, 0, 2, 0b0100_0000, 0][..], &one].concat(),
    );
    for (end, deepest) in [(0_u8, 255_u16), (1, 256), (2, 255)] {
        let rest = [one, two].concat();
        let rest = &rest[..32 * usize::from(end)];
        let of_depth = |depth: u16| {
            let mut bits = vec![0; usize::from(depth).div_ceil(8)];
            let last = usize::from(depth) - 1;
            bits[last / 8] |= 0x80 >> (last % 8);
            [&[end], &depth.to_be_bytes()[..], &bits, &one, rest].concat()
        };
        assert!(MapProof::parse(&of_depth(deepest)).is_ok(), "{end}");
        refused("too deep", of_depth(deepest + 1));
        refused("as deep as can be said", of_depth(u16::MAX));
    }
}

#[test]
fn the_longest_proofs_are_as_long_as_the_specification_says() {
    let base = [0x5a; 32];
    let mut content = Content::from([(base, [1; 32])]);
    content.extend((0..256).map(|depth| (flip(&base, depth), [2; 32])));
    let (root, way) = root_and_way(&content, &base);
    assert_eq!(root, root_of(&content.clone().into_iter().collect::<Vec<_>>(), 0));
    assert_eq!((way.siblings.len(), way.to_bytes().len()), (256, 8_259));
    assert_eq!(answer(&way, &root, &base), Some(Some([1; 32])));
    // Without the last of them, the key beside the base is absent, one step higher.
    content.remove(&flip(&base, 255));
    let absent = flip(&base, 255);
    let (root, way) = root_and_way(&content, &absent);
    assert_eq!((way.siblings.len(), way.to_bytes().len()), (255, 8_259));
    assert_eq!(answer(&way, &root, &absent), Some(None));
}
