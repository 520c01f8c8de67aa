//! How long the allocation of a large review round takes. The one measurement that needs no server: it is of a rule.

use std::{collections::BTreeSet, fmt, time::Instant};

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use crate::features::review::allocation::{PastPair, Request, Reviewer, Snapshot, allocate};

/// How large the rounds are.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Bench")]
pub struct Allocation {
    /// Snapshots that want reviews.
    #[arg(long, default_value_t = 300)]
    snapshots: u32,

    /// Members who may review.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    reviewers: u32,

    /// Reviews that each snapshot wants.
    #[arg(long, default_value_t = 4)]
    k: u32,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What each kind of round took.
#[derive(Serialize, Clone, Debug)]
pub struct Rounds(Vec<Round>);

/// What one round took.
#[derive(Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
struct Round {
    /// What is hard about it.
    kind: &'static str,
    /// Reviewers of the own and of another school that each snapshot wants.
    mix: u32,
    /// Milliseconds.
    ms: f64,
    /// Reviews that were handed out.
    assignments: usize,
    /// Snapshots that miss reviews.
    shortfalls: usize,
    /// The fewest and the most reviews that a reviewer has.
    min_load: u32,
    max_load: u32,
    /// New pairs that are repeated from an earlier round.
    repeated_pairs: u64,
    /// Missing reviewers of the own and of another school.
    missing_mix: u64,
}

impl Rounds {
    /// The figures as JSON.
    ///
    /// # Errors
    /// A sentence; it is none of the caller's fault.
    pub fn json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|error| error.to_string())
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            to,
            "{:<46} {:>4} {:>9} {:>8} {:>6} {:>8} {:>9} {:>8}",
            "round", "mix", "ms", "reviews", "short", "load", "repeated", "mix left"
        )?;
        for round in &self.0 {
            let load = format!("{}..{}", round.min_load, round.max_load);
            writeln!(
                to,
                "{:<46} {:>4} {:>9.1} {:>8} {:>6} {load:>8} {:>9} {:>8}",
                round.kind,
                round.mix,
                round.ms,
                round.assignments,
                round.shortfalls,
                round.repeated_pairs,
                round.missing_mix,
            )?;
        }
        Ok(())
    }
}

/// Allocates rounds of three kinds, each with and without a wish for a mix of schools.
///
/// # Errors
/// A sentence, if a round contradicts itself.
pub fn allocation(options: &Allocation) -> Result<Rounds, String> {
    let kinds = [
        ("reviewers are no authors, a tenth repeated", false, 10),
        ("reviewers are authors, a tenth repeated", true, 10),
        ("reviewers are authors, nine tenths repeated", true, 90),
    ];
    let all = kinds.iter().flat_map(|kind| [0, 2].map(|mix| (kind, mix)));
    let rounds = all.map(|(&(kind, is_own_work, repeated), mix)| {
        let request = request(options, is_own_work, repeated, mix);
        let start = Instant::now();
        let made = allocate(&request).map_err(|invalid| invalid.to_string())?;
        Ok(Round {
            kind,
            mix,
            ms: start.elapsed().as_secs_f64() * 1000.0,
            assignments: made.assignments.len(),
            shortfalls: made.shortfalls.len(),
            min_load: made.quality.min_load,
            max_load: made.quality.max_load,
            repeated_pairs: made.quality.objective.repeated_pairs,
            missing_mix: made.quality.objective.missing_mix,
        })
    });
    rounds.collect::<Result<_, _>>().map(Rounds)
}

/// A round of four schools and three languages; `repeated` is how many of a hundred pairs met in an earlier round.
fn request(options: &Allocation, is_own_work: bool, repeated: u64, mix: u32) -> Request {
    let mut numbers = Numbers(7);
    let schools: Vec<_> = (0..4).map(|_| numbers.id()).collect();
    let school = |numbers: &mut Numbers| schools[numbers.place(schools.len())];
    let mut reviewers = Vec::new();
    for _ in 0..options.reviewers {
        reviewers.push(Reviewer {
            member: numbers.id(),
            school: school(&mut numbers),
            languages: numbers.languages(),
            load: 0,
        });
    }
    let mut snapshots = Vec::new();
    for pupil in (0..reviewers.len()).cycle().take(options.snapshots as usize) {
        let (author, school) = if is_own_work {
            (reviewers[pupil].member, reviewers[pupil].school)
        } else {
            (numbers.id(), school(&mut numbers))
        };
        snapshots.push(Snapshot {
            id: numbers.id(),
            author,
            schools: [school].into(),
            languages: numbers.languages(),
            ..Snapshot::default()
        });
    }
    let mut history = Vec::new();
    for reviewer in &reviewers {
        for snapshot in &snapshots {
            if numbers.below(100) < repeated {
                history.push(PastPair {
                    reviewer: reviewer.member,
                    author: snapshot.author,
                    times: 1,
                });
            }
        }
    }
    Request {
        snapshots,
        reviewers,
        reviews_wanted: options.k,
        home_min: mix,
        partner_min: mix,
        history,
        seed: 1,
        ..Request::default()
    }
}

/// Numbers that look random and are the same each time (Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn place(&mut self, places: usize) -> usize {
        usize::try_from(self.below(places as u64)).unwrap_or_default()
    }

    fn id(&mut self) -> Uuid {
        let [high, low] = [(); 2].map(|()| self.below(1 << 31));
        Uuid::from_u64_pair(high, low)
    }

    fn languages(&mut self) -> BTreeSet<String> {
        let all = ["de", "en", "it"];
        let of = |numbers: &mut Self| all[numbers.place(all.len())].to_owned();
        let first = of(self);
        if self.below(2) == 0 {
            [first, of(self)].into()
        } else {
            [first].into()
        }
    }
}
