use std::path::Path;

use super::*;
use crate::config::{Config, Environment};

/// What is printed where the driver reports these spans.
fn printed(reports: &[(&str, String)], section: Option<u16>) -> anyhow::Result<String> {
    let own = std::thread::current()
        .name()
        .unwrap_or_default()
        .replace("::", "-");
    let folder = std::env::temp_dir().join(format!("isthmus-{}-{own}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    for (name, text) in reports {
        std::fs::write(folder.join(name), text)?;
    }
    let mut out = Vec::new();
    let arguments = Arguments {
        section,
        proc: folder.clone(),
    };
    let done = run(&arguments, &mut out);
    std::fs::remove_dir_all(folder)?;
    done.map(|()| String::from_utf8_lossy(&out).into_owned())
}

/// An E1 with the driver's HDLC on timeslot 16, and a T1 in alarm that nobody has configured.
fn two_spans() -> Vec<(&'static str, String)> {
    let mut e1 = String::from(
        "Span 1: TE2/0/1 \"T2XXP (PCI) Card 0 Span 1\" (MASTER) HDB3/CCS/CRC4 ClockSource \n\tCRC4 error count: 12\n\n",
    );
    for n in 1..=31 {
        let what = match n {
            16 => "HDLCFCS (In use) ",
            _ => "Clear (EC: MG2 - INACTIVE) ",
        };
        e1 += &format!("\t{n:4} TE2/0/1/{n} {what}\n");
    }
    let mut t1 =
        String::from("Span 2: TE2/0/2 \"T2XXP (PCI) Card 0 Span 2\" B8ZS/ESF YELLOW RED \n\n");
    for n in 1..=24 {
        t1 += &format!("\t{:4} TE2/0/2/{n} \n", 31 + n);
    }
    vec![("1", e1), ("2", t1)]
}

#[test]
fn spans_are_listed_with_what_they_can_be_used_for() {
    let text = printed(&two_spans(), None).unwrap();
    // The first line differs with the build.
    let (_, text) = text.split_once('\n').unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn the_section_is_a_configuration_that_is_right() {
    let section = printed(&two_spans(), Some(1)).unwrap();
    let rest = "[[sip_trunk]]\nname = \"sip\"\naddress = \"127.0.0.1:5070\"\n\
                [[rule]]\nname = \"all\"\nfrom = [\"sip\"]\nto = [\"exchange\"]\n";
    let config = Config::parse("t", &(section + rest), &Environment::new()).unwrap();
    assert_eq!(config.trunk_groups[0].timeslots.len(), 30);
    let error = printed(&two_spans(), Some(3)).unwrap_err().to_string();
    assert_eq!(error, "the driver has no span 3");
}

#[test]
fn without_a_driver_or_a_span_it_says_so() {
    let arguments = Arguments {
        section: None,
        proc: Path::new("/nonexistent/dahdi").to_owned(),
    };
    let mut out = Vec::new();
    run(&arguments, &mut out).unwrap();
    let text = String::from_utf8_lossy(&out);
    assert!(
        text.contains("No telephony hardware: the DAHDI driver is not loaded"),
        "{text}"
    );
    assert!(
        text.contains("emulator") && text.contains("serial"),
        "{text}"
    );
    let text = printed(&[], None).unwrap();
    assert!(text.contains("is loaded and has no span"), "{text}");
}
