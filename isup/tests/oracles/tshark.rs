//! Wireshark's decoder: `tshark -T json` over a capture of the messages as signal units.

use std::{
    fmt,
    process::{Command, Stdio},
};

use bytes::Bytes;
use isup::{Cic, Variant};
use mtp::{
    NetworkIndicator, PointCode, RoutingLabel, ServiceInformation, Sls, Standard, mtp2::Header,
    service,
};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{
    generate::Generated,
    reading::{ReadParameter, Reading},
};

/// The version, or why there is none.
pub(crate) fn version() -> Result<String, String> {
    let output = Command::new("tshark")
        .arg("--version")
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("tshark (package tshark): {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// What tshark reads in each message.
pub(crate) fn read(messages: &[Generated], variant: Variant) -> Vec<Reading> {
    let (name, standard) = match variant {
        Variant::Itu => ("itu", "ITU"),
        Variant::Ansi => ("ansi", "ANSI"),
    };
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("oracles-{name}.pcap"));
    std::fs::write(&path, capture(messages, variant)).unwrap();
    let output = Command::new("tshark")
        .arg("-r")
        .arg(&path)
        .args(["-o", &format!("mtp3.standard:{standard}"), "-T", "json"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let frames: Vec<Tree> = serde_json::from_str(&text).unwrap();
    frames.iter().map(reading).collect()
}

/// A pcap file of link type 140, MTP2 without flags and check sequence.
fn capture(messages: &[Generated], variant: Variant) -> Vec<u8> {
    const MTP2: u32 = 140;
    let mut octets = Vec::new();
    let words = |octets: &mut Vec<u8>, words: &[u32]| {
        octets.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    };
    // Magic, version 2.4, two fields unused, greatest length, link type.
    words(&mut octets, &[0xA1B2_C3D4, 4 << 16 | 2, 0, 0, 65_535, MTP2]);
    for (second, message) in (0..).zip(messages) {
        let unit = signal_unit(message, variant);
        let length = unit.len() as u32;
        words(&mut octets, &[second, 0, length, length]);
        octets.extend_from_slice(&unit);
    }
    octets
}

fn signal_unit(generated: &Generated, variant: Variant) -> Bytes {
    let standard = match variant {
        Variant::Itu => Standard::Itu,
        Variant::Ansi => Standard::Ansi,
    };
    let code = |value| PointCode::new(standard, value).unwrap();
    let message = mtp::Message {
        sio: ServiceInformation {
            network_indicator: NetworkIndicator::National,
            priority: 0,
            service: service::ISUP,
        },
        label: RoutingLabel {
            dpc: code(generated.dpc),
            opc: code(generated.opc),
            sls: Sls(generated.sls),
        },
        body: generated.message.encode_sif(Cic(generated.cic)).into(),
    };
    let header = Header {
        bsn: 0,
        bib: true,
        fsn: 1,
        fib: true,
    };
    header.msu(&message.encode(standard))
}

fn reading(frame: &Tree) -> Reading {
    let mut reading = Reading::default();
    frame.walk(&mut |key, node| match (key, node) {
        ("isup", Tree::Object(_)) => {
            let number = |key| node.find(key).and_then(number);
            reading.message = number("isup.message_type").map(|code| code as u8);
            reading.cic = number("isup.cic").map(|cic| cic as u16);
        }
        ("mtp3", Tree::Object(_)) => reading.label = label(node),
        ("_ws.expert", _) => reading.complaints.extend(complaint(node)),
        (_, Tree::Object(children)) => {
            let direct = children
                .iter()
                .find(|(key, _)| key == "isup.parameter_type");
            if let Some((_, code)) = direct {
                reading.parameters.push(parameter(code, node));
            }
        }
        _ => {}
    });
    reading
}

/// What an expert information says that is a warning or worse; there are remarks, too.
fn complaint(expert: &Tree) -> Option<String> {
    const WARNING: u64 = 0x60_0000;
    let severity = expert.find("_ws.expert.severity").and_then(number)?;
    match expert.find("_ws.expert.message") {
        Some(Tree::Text(text)) if severity >= WARNING => Some(text.clone()),
        _ => None,
    }
}

fn label(mtp3: &Tree) -> Option<(u32, u32, u8)> {
    // ITU, then ANSI; the latter has the point codes as text.
    let number = |key: &str| mtp3.find(key).and_then(number);
    if let Some(dpc) = number("mtp3.dpc") {
        return Some((
            dpc as u32,
            number("mtp3.opc")? as u32,
            number("mtp3.sls")? as u8,
        ));
    }
    let point = |which: &str| {
        let part = |part: &str| number(&format!("ansi_mtp.{which}.{part}"));
        let [network, cluster, member] = ["network", "cluster", "member"].map(part);
        Some((network? << 16 | cluster? << 8 | member?) as u32)
    };
    let sls = number("mtp3.ansi_sls").or_else(|| number("mtp3.ansi_5_bit_sls"));
    Some((point("dpc")?, point("opc")?, sls? as u8))
}

fn parameter(code: &Tree, node: &Tree) -> ReadParameter {
    let mut parameter = ReadParameter {
        code: number(code).map(|code| code as u8),
        length: node
            .find("isup.parameter_length")
            .and_then(number)
            .map(|length| length as usize),
        ..ReadParameter::default()
    };
    node.walk(&mut |key, node| {
        if let Tree::Text(text) = node {
            parameter
                .fields
                .entry(key.to_owned())
                .or_insert_with(|| text.clone());
        }
    });
    parameter
}

/// "12" or "0x0c".
fn number(node: &Tree) -> Option<u64> {
    let Tree::Text(text) = node else { return None };
    match text.strip_prefix("0x") {
        Some(figures) => u64::from_str_radix(figures, 16).ok(),
        None => text.parse().ok(),
    }
}

/// JSON with its order and its repeated keys, both of which tshark's needs.
#[derive(Debug)]
enum Tree {
    Text(String),
    Object(Vec<(String, Tree)>),
    Array(Vec<Tree>),
    Null,
}

impl Tree {
    /// Every key with its value, from the root on, in order.
    fn walk<'a>(&'a self, each: &mut impl FnMut(&'a str, &'a Tree)) {
        match self {
            Tree::Object(children) => {
                for (key, child) in children {
                    each(key, child);
                    child.walk(each);
                }
            }
            Tree::Array(children) => children.iter().for_each(|child| child.walk(each)),
            Tree::Text(_) | Tree::Null => {}
        }
    }

    fn find(&self, wanted: &str) -> Option<&Tree> {
        let mut found = None;
        self.walk(&mut |key, node| {
            if key == wanted && found.is_none() {
                found = Some(node);
            }
        });
        found
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Tree;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("what tshark prints")
            }
            fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
                Ok(Tree::Text(text.to_owned()))
            }
            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Null)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut children = Vec::new();
                while let Some(child) = map.next_entry()? {
                    children.push(child);
                }
                Ok(Tree::Object(children))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
                let mut children = Vec::new();
                while let Some(child) = seq.next_element()? {
                    children.push(child);
                }
                Ok(Tree::Array(children))
            }
        }
        from.deserialize_any(Any)
    }
}
