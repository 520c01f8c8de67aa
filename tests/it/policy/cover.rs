//! The shortest words for a set of facts.

/// Something that a rule may ask for, with all that it can be.
#[derive(Clone, Debug)]
pub struct Fact {
    pub name: &'static str,
    pub values: Vec<String>,
}

/// A fact.
pub fn fact<V: Into<String>>(name: &'static str, values: impl IntoIterator<Item = V>) -> Fact {
    let values = values.into_iter().map(Into::into).collect();
    Fact { name, values }
}

/// A fact that holds or not.
pub fn flag(name: &'static str) -> Fact {
    fact(name, ["no", "yes"])
}

/// For each fact, the values that are possible.
type Cube = Vec<Vec<usize>>;

fn points(cube: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for values in cube {
        let longer = |point: &Vec<usize>| {
            let point = point.clone();
            values
                .iter()
                .map(move |value| [&point[..], &[*value]].concat())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// The conditions, joined by "or", under which `allows` says yes; it is asked about every combination of the facts.
pub fn conditions(facts: &[Fact], allows: impl Fn(&[usize]) -> bool) -> String {
    let space: Cube = facts.iter().map(|fact| (0..fact.values.len()).collect()).collect();
    let stride = |place: usize| space[place + 1..].iter().map(Vec::len).product::<usize>();
    let strides: Vec<usize> = (0..facts.len()).map(stride).collect();
    let value = |index: usize, place: usize| index / strides[place] % space[place].len();
    let mut point = vec![0; facts.len()];
    let verdict = |index: usize| {
        for (place, part) in point.iter_mut().enumerate() {
            *part = value(index, place);
        }
        allows(&point)
    };
    let verdicts: Vec<bool> = (0..space.iter().map(Vec::len).product()).map(verdict).collect();
    // A fact that never matters is left out, so that few combinations are left.
    let matters = |place: usize| {
        let differs = |index: usize| verdicts[index] != verdicts[index - value(index, place) * strides[place]];
        (0..verdicts.len()).any(differs)
    };
    let kept: Vec<bool> = (0..facts.len()).map(matters).collect();
    let narrow = |place: usize| if kept[place] { space[place].clone() } else { vec![0] };
    let is_allowed = |point: &[usize]| {
        let index = point.iter().zip(&strides).map(|(value, stride)| value * stride);
        verdicts[index.sum::<usize>()]
    };
    let few = points(&(0..facts.len()).map(narrow).collect::<Vec<_>>());
    let allowed: Vec<Vec<usize>> = few.into_iter().filter(|point| is_allowed(point)).collect();
    let mut cubes: Vec<Cube> = Vec::new();
    for point in &allowed {
        if cubes.iter().any(|cube| is_in(point, cube)) {
            continue;
        }
        let mut cube: Cube = point.iter().map(|value| vec![*value]).collect();
        for place in (0..facts.len()).filter(|place| kept[*place]) {
            for value in &space[place] {
                let mut wider = cube.clone();
                if !wider[place].contains(value) {
                    wider[place].push(*value);
                    wider[place].sort_unstable();
                    if points(&wider).iter().all(|point| is_allowed(point)) {
                        cube = wider;
                    }
                }
            }
        }
        cubes.push(cube);
    }
    // What all others cover together needs no words of its own.
    let mut at = 0;
    while at < cubes.len() {
        let is_needed = |point: &Vec<usize>| {
            let mut covering = cubes.iter().enumerate().filter(|(_, cube)| is_in(point, cube));
            covering.all(|(place, _)| place == at)
        };
        if points(&cubes[at]).iter().any(is_needed) {
            at += 1;
        } else {
            cubes.remove(at);
        }
    }
    let words: Vec<String> = cubes.iter().map(|cube| said(facts, &kept, cube)).collect();
    if words.is_empty() {
        "never".to_owned()
    } else {
        words.join(" or ")
    }
}

fn is_in(point: &[usize], cube: &Cube) -> bool {
    point.iter().zip(cube).all(|(value, values)| values.contains(value))
}

fn said(facts: &[Fact], kept: &[bool], cube: &Cube) -> String {
    let mut words = Vec::new();
    for (place, fact) in facts.iter().enumerate() {
        if !kept[place] || cube[place].len() == fact.values.len() {
            continue;
        }
        let is_flag = fact.values == ["no", "yes"];
        words.push(match cube[place][..] {
            [0] if is_flag => format!("not {}", fact.name),
            _ if is_flag => fact.name.to_owned(),
            ref values => {
                let values: Vec<&str> = values.iter().map(|value| fact.values[*value].as_str()).collect();
                format!("{} {}", fact.name, values.join("|"))
            }
        });
    }
    if words.is_empty() {
        "always".to_owned()
    } else {
        words.join(", ")
    }
}

#[test]
fn the_shortest_words_are_found() {
    let facts = [fact("state", ["A", "B", "C"]), flag("own"), flag("idle")];
    assert_eq!(conditions(&facts, |_| true), "always");
    assert_eq!(conditions(&facts, |_| false), "never");
    assert_eq!(conditions(&facts, |point| point[0] != 1), "state A|C");
    assert_eq!(conditions(&facts, |point| point[1] == 0), "not own");
    let either = conditions(&facts, |point| point[0] == 1 || point[1] == 1);
    assert_eq!(either, "own or state B");
    let turned = conditions(&facts, |point| if point[1] == 1 { point[0] < 2 } else { point[0] > 0 });
    assert_eq!(turned, "state A|B, own or state B|C, not own");
}
