//! Prefixes by their digits: a walk of one step a digit, whatever their number.

use std::collections::VecDeque;
use std::ops::Range;

use super::Number;

/// Where a prefix begins: at the `+` of an international number, or at the first digit.
const ROOTS: [&str; 2] = ["", "+"];

/// Rules by prefix. A node is 16 octets and its children lie side by side, so that a million
/// prefixes stay within tens of megabytes and a walk touches one cache line a digit.
#[derive(Debug, Default)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// Places of rules, those of one prefix side by side in the order of the configuration.
    rules: Vec<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// Place of the first child; the others follow in the order of their symbols.
    children: u32,
    /// Place of the first rule whose prefix ends here.
    rules: u32,
    rule_count: u32,
    /// Which symbols have a child.
    symbols: u16,
}

/// The symbols of a number, those of `DTMF`: ten digits, `*`, `#`, `A` to `D`.
fn symbol(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'*' => Some(10),
        b'#' => Some(11),
        b'A'..=b'D' => Some(digit - b'A' + 12),
        _ => None,
    }
}

impl Node {
    fn child(&self, symbol: u8) -> Option<usize> {
        let bit = 1_u16 << symbol;
        let before = (self.symbols & (bit - 1)).count_ones();
        (self.symbols & bit != 0).then(|| (self.children + before) as usize)
    }

    fn rules(&self) -> Range<usize> {
        let first = self.rules as usize;
        first..first + self.rule_count as usize
    }
}

impl Trie {
    /// From the prefixes of the rules in their order. A prefix with something else in it than
    /// symbols fits no number.
    pub(super) fn new<'a>(prefixes: impl Iterator<Item = &'a str>) -> Self {
        let mut sorted: Vec<(&[u8], u32)> = prefixes.map(str::as_bytes).zip(0..).collect();
        sorted.sort();
        let mut trie = Self {
            nodes: vec![Node::default(); ROOTS.len()],
            rules: Vec::new(),
        };
        trie.rules.extend(sorted.iter().map(|(_, rule)| *rule));
        let plus = sorted.partition_point(|(prefix, _)| *prefix < b"+".as_slice());
        let digits = sorted.partition_point(|(prefix, _)| *prefix < b",".as_slice());
        // `*` and `#` sort before `+`: local prefixes lie on both sides of the global ones, and
        // the empty ones, which fit either form, come first of all.
        let global: Vec<_> = (plus..digits).collect();
        let local: Vec<_> = (0..plus).chain(digits..sorted.len()).collect();
        trie.grow(&sorted, [local, global]);
        trie
    }

    /// Breadth first, so that the children of a node are made one after the other.
    fn grow(&mut self, sorted: &[(&[u8], u32)], roots: [Vec<usize>; ROOTS.len()]) {
        let [local, global] = roots;
        let mut queue = VecDeque::from([(0_usize, 0_usize, local), (1, 1, global)]);
        while let Some((at, depth, places)) = queue.pop_front() {
            let prefix = |place: usize| sorted.get(place).map_or(&[][..], |(prefix, _)| *prefix);
            let ending = places
                .iter()
                .take_while(|place| prefix(**place).len() == depth)
                .count();
            let mut node = Node {
                children: u32::try_from(self.nodes.len()).unwrap_or(u32::MAX),
                rules: places
                    .first()
                    .map_or(0, |place| u32::try_from(*place).unwrap_or(u32::MAX)),
                rule_count: u32::try_from(ending).unwrap_or(u32::MAX),
                symbols: 0,
            };
            let mut longer: [Vec<usize>; 16] = std::array::from_fn(|_| Vec::new());
            for place in places.iter().skip(ending) {
                let next = prefix(*place).get(depth).copied().and_then(symbol);
                if let Some(next) = next
                    && let Some(child) = longer.get_mut(usize::from(next))
                {
                    child.push(*place);
                }
            }
            for (symbol, places) in longer.into_iter().enumerate() {
                if !places.is_empty() {
                    node.symbols |= 1 << symbol;
                    queue.push_back((self.nodes.len(), depth + 1, places));
                    self.nodes.push(Node::default());
                }
            }
            if let Some(slot) = self.nodes.get_mut(at) {
                *slot = node;
            }
        }
    }

    /// Octets of memory that it takes.
    #[cfg(test)]
    pub(super) fn octets(&self) -> usize {
        self.nodes.len() * size_of::<Node>() + self.rules.len() * size_of::<u32>()
    }

    /// The rules whose prefix the number begins with: longest prefix first, and those of one
    /// prefix in the order of the configuration.
    pub(super) fn fitting(&self, number: &Number) -> impl Iterator<Item = usize> {
        let mut path: Vec<Range<usize>> = Vec::new();
        let mut visit = |node: &Node| {
            if node.rule_count > 0 {
                path.push(node.rules());
            }
        };
        let [local, global] = [0, 1].map(|root| self.nodes.get(root));
        let mut here = local;
        if number.international {
            // The empty prefix fits an international number too, as the shortest of all.
            if let Some(local) = local {
                visit(local);
            }
            here = global;
        }
        let mut digits = number.digits.bytes();
        while let Some(node) = here {
            visit(node);
            let next = digits
                .next()
                .and_then(symbol)
                .and_then(|symbol| node.child(symbol));
            here = next.and_then(|next| self.nodes.get(next));
        }
        let rules = path.into_iter().rev().flatten();
        rules
            .filter_map(|place| self.rules.get(place))
            .map(|rule| *rule as usize)
    }
}
