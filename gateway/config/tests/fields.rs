//! Every key of the types stands in the reference file.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

use super::*;

/// Stops a derived `Deserialize` at its first word, which lists the keys it takes.
struct Keys;

#[derive(Debug)]
struct Listed(&'static [&'static str]);

impl fmt::Display for Listed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.0)
    }
}
impl std::error::Error for Listed {}
impl de::Error for Listed {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }
}

impl<'de> Deserializer<'de> for Keys {
    type Error = Listed;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Listed> {
        Err(Listed(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Listed> {
        Err(Listed(fields))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn keys_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let Err(Listed(keys)) = T::deserialize(Keys) else {
        panic!("the keys end it")
    };
    assert!(!keys.is_empty(), "not a table");
    keys
}

/// The keys of `table` in the file, those that are off included: `#key = value` with no space
/// before the key, while text has one.
fn keys_in(text: &str, table: &str) -> BTreeSet<String> {
    let mut here = String::new();
    let mut keys = BTreeSet::new();
    for line in text.lines() {
        // A table that is off is `#[table]`.
        if line.starts_with('[') || line.starts_with("#[") {
            here = line.trim_matches(['#', '[', ']']).to_owned();
            if let (true, Some(inner)) = (
                table.is_empty(),
                here.split('.').next().filter(|name| !name.is_empty()),
            ) {
                keys.insert(inner.to_owned());
            }
            if let Some(inner) = here.strip_prefix(&format!("{table}.")) {
                keys.insert(inner.to_owned());
            }
        } else if here == table
            && let Some((key, _)) = line.trim_start_matches('#').split_once(" = ")
            && !key.contains(' ')
        {
            keys.insert(key.to_owned());
        }
    }
    keys
}

#[track_caller]
fn documents<T: DeserializeOwned>(file: &str, table: &str) {
    let text = reference(file);
    let there = keys_in(&text, table);
    // The key `link` of the types is the table `linkset.link` of the file, and so on.
    let missing: Vec<_> = keys_of::<T>()
        .iter()
        .filter(|key| !there.contains(**key))
        .collect();
    assert!(
        missing.is_empty(),
        "config/{file} does not say what {missing:?} of [{table}] is"
    );
}

#[test]
fn of_the_gateway() {
    let file = "isthmus.toml";
    documents::<Config>(file, "");
    documents::<Gateway>(file, "gateway");
    documents::<Sip>(file, "sip");
    documents::<Tls>(file, "sip.tls");
    documents::<TrunkTls>(file, "sip_trunk.tls");
    documents::<Credentials>(file, "sip_trunk.credentials");
    documents::<Authenticate>(file, "sip_trunk.authenticate");
    documents::<Register>(file, "sip_trunk.register");
    documents::<Rtp>(file, "rtp");
    documents::<Media>(file, "media");
    documents::<Records>(file, "records");
    documents::<Capture>(file, "capture");
    documents::<Span>(file, "span");
    documents::<Linkset>(file, "linkset");
    documents::<Link>(file, "linkset.link");
    documents::<SignallingRoute>(file, "signalling_route");
    documents::<TrunkGroup>(file, "trunk_group");
    documents::<SipTrunk>(file, "sip_trunk");
    documents::<Announcement>(file, "announcement");
    documents::<Rule>(file, "rule");
    documents::<profile::ProfileTable>(file, "profile");
    // A new table must be added above.
    assert_eq!(keys_of::<Config>().len(), 14);
}

#[test]
fn of_the_lab() {
    let file = "lab.toml";
    documents::<::lab::config::Config>(file, "");
    documents::<::lab::config::Lab>(file, "lab");
    documents::<Span>(file, "span");
    documents::<Linkset>(file, "linkset");
    documents::<Link>(file, "linkset.link");
    documents::<SignallingRoute>(file, "signalling_route");
    documents::<::lab::config::Circuits>(file, "circuits");
    documents::<::lab::config::Subscriber>(file, "subscriber");
    assert_eq!(keys_of::<::lab::config::Config>().len(), 6);
}

const PLAIN: &str = r#"listen = "127.0.0.1:5060""#;
const WITH_TLS: &str = r#"listen = ["127.0.0.1:5060", "tls:127.0.0.1:5061"]"#;

/// The keys that are off in the reference file are keys, with values that a type takes.
#[test]
fn keys_that_are_off_are_right_too() {
    let text = reference("isthmus.toml");
    let on: Vec<String> = text
        .lines()
        // The file of a profile stands alone in its table.
        .filter(|line| *line != "#file = \"carrier.toml\"")
        .map(|line| match line.strip_prefix('#') {
            Some(key) if key.starts_with(|first: char| first.is_ascii_lowercase()) => key.into(),
            Some(table) if table.starts_with('[') => table.into(),
            _ => line.to_owned(),
        })
        // A trunk with TLS needs a listener.
        .map(|line| line.replace(PLAIN, WITH_TLS))
        // Basic error correction has no loop delay.
        .map(|line| {
            line.replace(
                "error_correction = \"basic\"",
                "error_correction = \"preventive\"",
            )
        })
        .collect();
    assert_ne!(on.join("\n"), text.trim_end());
    let file = std::env::temp_dir().join(format!("isthmus-fields-{}", std::process::id()));
    std::fs::write(&file, "secret").unwrap();
    let on = on
        .join("\n")
        // Every line that is on has as many circuits as the first.
        .replace("16384-16511", "16384-16639")
        .replace("/etc/isthmus/carrier.password", &file.to_string_lossy());
    let config = Config::parse("isthmus.toml", &on, &no_environment());
    std::fs::remove_file(&file).unwrap();
    let config = config.unwrap_or_else(|refusal| panic!("{}", drawn(&refusal)));
    assert!(config.gateway.seed.is_some() && config.records.file.is_some());
}
