//! The bindings beside what the C compiler makes of the same header.
#![cfg(feature = "bindings")]
#![expect(clippy::unwrap_used, reason = "a test's own files and programs")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::mem::{offset_of, size_of};
use std::path::Path;
use std::process::Command;

use dahdi_sys as sys;

/// Sizes of the structures that cross the border, and where their last member begins.
fn layouts() -> Vec<(&'static str, &'static str, usize, usize)> {
    macro_rules! layout {
        ($($name:ident . $member:ident),* $(,)?) => {
            vec![$((
                stringify!($name),
                stringify!($member),
                size_of::<sys::$name>(),
                offset_of!(sys::$name, $member),
            )),*]
        };
    }
    layout![
        dahdi_params.chan_alarms,
        dahdi_spaninfo.spantype,
        dahdi_bufferinfo.writebufs,
        dahdi_gains.txgain,
        dahdi_chanconfig.netdev_name,
        dahdi_lineconfig.sync,
        dahdi_echocanparams.param_count,
        dahdi_attach_echocan.echocan,
        dahdi_versioninfo.echo_canceller,
        dahdi_dynamic_span.spanno,
        dahdi_maintinfo.command,
        dahdi_indirect_data.data,
    ]
}

/// What a C program prints, one `name value` a line.
fn by_c() -> BTreeMap<String, u64> {
    let mut source = String::from(
        "#include <stdio.h>\n#include <stddef.h>\n#include <sys/ioctl.h>\n#include <dahdi/user.h>\n\
         #define P(name) printf(#name \" %lu\\n\", (unsigned long)(unsigned int)(name))\n\
         int main(void) {\n",
    );
    for (name, _) in sys::IOCTLS {
        writeln!(source, "P({name});").unwrap();
    }
    for name in CONSTANTS.iter().map(|(name, _)| name) {
        writeln!(source, "P({name});").unwrap();
    }
    for (name, member, ..) in layouts() {
        writeln!(
            source,
            "printf(\"{name} %zu\\n{name}.{member} %zu\\n\", sizeof(struct {name}), offsetof(struct {name}, {member}));"
        )
        .unwrap();
    }
    source.push_str("return 0; }\n");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (c, program) = (folder.join("numbers.c"), folder.join("numbers"));
    std::fs::write(&c, source).unwrap();
    let built = Command::new("cc")
        .arg(format!("-I{}", sys::INCLUDE))
        .arg(&c)
        .arg("-o")
        .arg(&program)
        .output()
        .expect("a C compiler: apt install gcc");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let printed = Command::new(program).output().unwrap();
    String::from_utf8(printed.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let (name, value) = line.split_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

macro_rules! constants {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), sys::$name as u64 as u32 as u64)),*] };
}

/// Constants that a wrong reading would make dangerous.
const CONSTANTS: &[(&str, u64)] = constants![
    DAHDI_SIG_NONE,
    DAHDI_SIG_CLEAR,
    DAHDI_SIG_HDLCRAW,
    DAHDI_SIG_HDLCFCS,
    DAHDI_SIG_HARDHDLC,
    DAHDI_SIG_MTP2,
    DAHDI_SIG_SLAVE,
    DAHDI_SIG_EM,
    DAHDI_ALARM_RED,
    DAHDI_ALARM_BLUE,
    DAHDI_ALARM_YELLOW,
    DAHDI_ALARM_LOS,
    DAHDI_ALARM_LFA,
    DAHDI_EVENT_REMOVED,
    DAHDI_EVENT_READ_OVERRUN,
    DAHDI_EVENT_WRITE_UNDERRUN,
    DAHDI_LAW_ALAW,
    DAHDI_LAW_MULAW,
    DAHDI_FLUSH_ALL,
    ELAST,
];

#[test]
fn every_ioctl_constant_and_layout_is_what_c_says() {
    let c = by_c();
    assert!(
        sys::IOCTLS.len() > 80,
        "only {} ioctls bound",
        sys::IOCTLS.len()
    );
    for (name, value) in sys::IOCTLS {
        assert_eq!(c.get(*name), Some(&u64::from(*value)), "{name}");
    }
    for (name, value) in CONSTANTS {
        assert_eq!(c.get(*name), Some(value), "{name}");
    }
    for (name, member, size, offset) in layouts() {
        assert_eq!(c.get(name), Some(&(size as u64)), "size of {name}");
        let place = format!("{name}.{member}");
        assert_eq!(c.get(&place), Some(&(offset as u64)), "{place}");
    }
}

/// The header's own definitions, read as text: none of the ioctls that are compiled in is missing.
#[test]
fn no_ioctl_of_the_header_is_missing() {
    let header = std::fs::read_to_string(Path::new(sys::INCLUDE).join("dahdi/user.h")).unwrap();
    let bound: Vec<&str> = sys::IOCTLS.iter().map(|(name, _)| *name).collect();
    let mut not_compiled_in = Vec::new();
    let mut seen = 0;
    for line in header.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some("#define") {
            continue;
        }
        let (Some(name), Some(value)) = (words.next(), words.next()) else {
            continue;
        };
        if value.starts_with("_IO") {
            seen += 1;
            if !bound.contains(&name) {
                not_compiled_in.push(name);
            }
        }
    }
    assert_eq!(seen, bound.len() + not_compiled_in.len());
    // Mirroring is off in dahdi_config.h; the transcoder's numbers name structures of their own.
    let known = ["DAHDI_RXMIRROR", "DAHDI_TXMIRROR"];
    assert!(
        not_compiled_in.iter().all(|name| known.contains(name)),
        "not bound: {not_compiled_in:?}"
    );
}
