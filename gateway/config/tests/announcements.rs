//! Announcements: files that are read, and those that are not what they should be.

use std::path::{Path, PathBuf};

use super::*;

const TYPICAL: &str = include_str!("typical.toml");

/// A folder of its own for a test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("isthmus-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, octets: &[u8]) {
        std::fs::write(self.0.join(name), octets).unwrap();
    }

    fn read(&self, lines: &str) -> Result<Config, Refusal> {
        let text = format!("{TYPICAL}\n{lines}");
        Config::parse_at(&self.0.join("isthmus.toml"), &text, &no_environment())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A WAV file with so many channels and a tenth of a second of PCM.
fn wav(channels: u16) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
    file.extend_from_slice(&channels.to_le_bytes());
    file.extend_from_slice(&8_000u32.to_le_bytes());
    file.extend_from_slice(&16_000u32.to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&1_600u32.to_le_bytes());
    file.resize(file.len() + 1_600, 0);
    file
}

#[track_caller]
fn problem(refusal: Refusal) -> (String, Option<(usize, usize)>) {
    let [problem] = refusal.problems() else {
        panic!("one problem: {}", drawn(&refusal))
    };
    (drawn(&refusal), problem.position())
}

fn table(name: &str, file: &str) -> String {
    format!("[[announcement]]\nname = \"{name}\"\nfile = \"{file}\"\n")
}

#[test]
fn files_are_read_with_the_configuration() {
    let folder = Folder::new("announcements");
    folder.write("a.wav", &wav(1));
    folder.write("b.AL", &[0xD5; 800]);
    folder.write("c.ulaw", &[0xFF; 800]);
    let lines = table("a", "a.wav") + &table("b", "b.AL") + &table("c", "c.ulaw");
    let config = folder.read(&lines).unwrap();
    for announcement in &config.announcements {
        let program = announcement.program.as_ref().unwrap();
        assert_eq!(
            program.segments()[0].length(),
            Some(800),
            "{}",
            announcement.name
        );
    }
    // In a replay there is nothing to hear, and the file need not be there.
    let text = format!("{TYPICAL}\n{}", table("d", "nowhere.wav"));
    let config = Config::parse("isthmus.toml", &text, &no_environment()).unwrap();
    assert!(config.announcements[0].program.is_some());
}

#[test]
fn what_is_wrong_with_a_file_is_told_at_its_line() {
    let folder = Folder::new("no-announcements");
    folder.write("stereo.wav", &wav(2));
    folder.write("text.wav", b"no sound");
    folder.write("empty.alaw", b"");
    let line = 3 + TYPICAL.lines().count() + 1;
    for (file, why) in [
        ("stereo.wav", "stereo.wav: 2 channels; expected one"),
        ("text.wav", "text.wav: no WAV file"),
        ("empty.alaw", "empty.alaw: no samples in it"),
        ("nowhere.wav", "nowhere.wav: No such file"),
        ("sound.mp3", "sound.mp3: a file whose name says nothing"),
    ] {
        let (told, position) = problem(folder.read(&table("a", file)).unwrap_err());
        assert!(told.contains(why), "{told}");
        assert_eq!(position, Some((line, 8)), "{told}");
    }
}

#[test]
fn names_causes_and_times_are_checked() {
    let folder = Folder::new("announcement-names");
    folder.write("a.wav", &wav(1));
    let named = |causes: &str| {
        let group = format!("country_code = \"49\"\nannouncements = {{ {causes} }}");
        let text = TYPICAL.replace("country_code = \"49\"", &group) + &table("busy", "a.wav");
        Config::parse_at(&folder.0.join("t"), &text, &no_environment())
    };
    let config = named("17 = \"busy\"").unwrap();
    let announcements = &config.trunk_groups[0].announcements;
    assert_eq!(announcements.get("17").map(String::as_str), Some("busy"));
    for (causes, why) in [
        ("17 = \"bsuy\"", "did you mean `busy`?"),
        ("0 = \"busy\"", "`0` is no Q.850 cause value"),
        ("128 = \"busy\"", "`128` is no Q.850 cause value"),
        ("017 = \"busy\"", "`017` is no Q.850 cause value"),
        ("busy = \"busy\"", "`busy` is no Q.850 cause value"),
    ] {
        let (told, position) = problem(named(causes).unwrap_err());
        assert!(told.contains(why) && position.is_some(), "{told}");
    }
    for (line, why) in [
        ("times = 0", "announcement `a` 0 times"),
        ("times = 101", "announcement `a` 101 times"),
        ("pause = \"0s\"", "a pause of 0ns"),
        ("pause = \"61s\"", "a pause of 61s"),
    ] {
        let lines = table("a", "a.wav") + line + "\n";
        let (told, _) = problem(folder.read(&lines).unwrap_err());
        assert!(told.contains(why), "{told}");
    }
    let twice = table("a", "a.wav") + &table("a", "a.wav");
    let (told, _) = problem(folder.read(&twice).unwrap_err());
    assert!(
        told.contains("two [[announcement]] with name `a`"),
        "{told}"
    );
    assert!(Path::new(&folder.0).exists());
}

/// Echo, digits, redundancy: what is out of range.
#[test]
fn media_of_trunks_is_checked() {
    for (place, line, why) in [
        (
            "country_code",
            "echo_tail = \"200ms\"",
            "\"8ms\" to \"128ms\"",
        ),
        (
            "country_code",
            "echo_delay = \"1s\"",
            "\"0ms\" to \"500ms\"",
        ),
        (
            "country_code",
            "propagation_delay = \"3s\"",
            "\"0ms\" to \"2000ms\"",
        ),
        ("country_code", "echo = \"maybe\"", "\"off\" or \"on\""),
        (
            "country_code",
            "dtmf_length = \"20ms\"",
            "\"40ms\" to \"1000ms\"",
        ),
        (
            "country_code",
            "dtmf_pause = \"2s\"",
            "\"40ms\" to \"1000ms\"",
        ),
        ("country_code", "dtmf_level = 3", "-30 to 0"),
        ("codecs", "redundancy = 3", "0, 1 or 2"),
    ] {
        let key = format!("\n{place} = ");
        let text = TYPICAL.replacen(&key, &format!("\n{line}{key}"), 1);
        assert_ne!(text, TYPICAL, "{place}");
        let (told, position) = problem(Config::parse("t", &text, &no_environment()).unwrap_err());
        assert!(told.contains(why) && position.is_some(), "{told}");
    }
}
