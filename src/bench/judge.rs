//! What a socket has to hear, and whether it did.
//!
//! Comments of a stream are written by a few writers at the same time. Each writes one after the other, the next only when
//! the one before is acknowledged, so the comments of one writer must arrive in their order; what two of them write at the same
//! time may come in either.

/// What makes the text as long as one that somebody would write.
const FILLING: &str = "we weighed the bread again on Friday, and it is a little less than the week before.";

/// The sign that a comment of a run carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Which stream it was written to.
    pub stream: usize,
    /// Which of the stream's writers wrote it.
    pub writer: usize,
    /// As which, counted from 0.
    pub number: u32,
}

impl Mark {
    /// The text of the comment.
    pub(super) fn text(self) -> String {
        let Self { stream, writer, number } = self;
        format!("Bench {stream} {writer} {number}: {FILLING}")
    }

    /// Reads the beginning of a text; nothing if it's none of these.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut numbers = text.strip_prefix("Bench ")?.split_once(':')?.0.split(' ');
        let mark = Self {
            stream: numbers.next()?.parse().ok()?,
            writer: numbers.next()?.parse().ok()?,
            number: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(mark)
    }
}

/// What to think of a comment that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is new, and where it should be.
    Fine,
    /// It has come before.
    Repeated,
    /// It is new, but a later one was here first.
    Late,
}

/// What one socket has heard, of each of its stream's writers.
#[derive(Clone, Debug)]
pub(super) struct Heard(Vec<Numbers>);

/// A set of numbers.
#[derive(Clone, Debug, Default)]
struct Numbers {
    bits: Vec<u64>,
    /// One more than the highest.
    end: u32,
    /// All below are there.
    whole: u32,
}

impl Heard {
    pub(super) fn new(writers: usize) -> Self {
        Self(vec![Numbers::default(); writers])
    }

    /// Takes note of the `number`th comment of a writer; nothing if there's no such writer.
    pub(super) fn note(&mut self, writer: usize, number: u32) -> Option<Verdict> {
        Some(self.0.get_mut(writer)?.note(number))
    }

    /// Whether the first comments of all writers are there, as many as given for each.
    pub(super) fn reaches(&self, counts: &[u32]) -> bool {
        self.0
            .iter()
            .zip(counts)
            .all(|(numbers, count)| numbers.whole >= *count)
    }

    /// How many of the first comments of all writers aren't there, out of as many as given for each.
    pub(super) fn missing(&self, counts: &[u32]) -> u64 {
        let missing = |(numbers, count): (&Numbers, &u32)| (0..*count).filter(|number| !numbers.has(*number)).count();
        self.0.iter().zip(counts).map(missing).sum::<usize>() as u64
    }
}

impl Numbers {
    fn has(&self, number: u32) -> bool {
        let word = self.bits.get(number as usize / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn note(&mut self, number: u32) -> Verdict {
        if self.has(number) {
            return Verdict::Repeated;
        }
        let word = number as usize / 64;
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (number % 64);
        while self.has(self.whole) {
            self.whole += 1;
        }
        if number < self.end {
            return Verdict::Late;
        }
        self.end = number + 1;
        Verdict::Fine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(numbers: &[u32]) -> (Heard, Vec<Verdict>) {
        let mut heard = Heard::new(2);
        let verdicts = numbers.iter().filter_map(|number| heard.note(1, *number)).collect();
        (heard, verdicts)
    }

    #[test]
    fn a_text_tells_who_wrote_it_and_as_which() {
        let mark = Mark {
            stream: 12,
            writer: 3,
            number: 4567,
        };
        assert_eq!(Mark::read(&mark.text()), Some(mark));
        for other in [
            "",
            "Bench",
            "Bench 1 2",
            "Bench 1 2: x",
            "Bench 1 2 3 4: x",
            "bench 1 2 3: x",
            "Hello: you",
        ] {
            assert_eq!(Mark::read(other), None, "{other}");
        }
    }

    #[test]
    fn what_comes_once_and_in_order_is_fine() {
        let (heard, verdicts) = heard(&[0, 1, 2, 64, 65]);
        assert_eq!(verdicts, [Verdict::Fine; 5]);
        assert_eq!(heard.missing(&[0, 3]), 0);
    }

    #[test]
    fn what_comes_twice_is_repeated() {
        let (_, verdicts) = heard(&[0, 1, 1, 0, 2]);
        use Verdict::{Fine, Repeated};
        assert_eq!(verdicts, [Fine, Fine, Repeated, Repeated, Fine]);
    }

    #[test]
    fn what_comes_behind_a_later_one_is_late_and_not_lost() {
        let (heard, verdicts) = heard(&[0, 2, 1, 3]);
        assert_eq!(verdicts, [Verdict::Fine, Verdict::Fine, Verdict::Late, Verdict::Fine]);
        assert_eq!(heard.missing(&[0, 4]), 0);
    }

    #[test]
    fn what_was_acknowledged_and_never_came_is_missing() {
        let (heard, _) = heard(&[0, 1, 3, 70]);
        assert_eq!(heard.missing(&[0, 4]), 1, "2");
        assert_eq!(heard.missing(&[5, 2]), 5, "all of the other writer");
        assert_eq!(heard.missing(&[0, 0]), 0, "what nobody acknowledged");
    }

    #[test]
    fn who_has_all_up_to_a_place_has_caught_up() {
        let (heard, _) = heard(&[0, 1, 3]);
        assert!(heard.reaches(&[0, 2]));
        assert!(!heard.reaches(&[0, 3]));
        assert!(!heard.reaches(&[1, 2]));
    }

    #[test]
    fn nobody_hears_of_a_writer_that_there_is_not() {
        assert_eq!(Heard::new(2).note(2, 0), None);
    }
}
