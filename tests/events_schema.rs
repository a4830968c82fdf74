//! The JSON Schema of the event stream says exactly what the code can emit.

#[path = "documents/options.rs"]
mod options;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use soquete::event::State;
use soquete::event::samples::{Fill, samples, vocabulary};
use std::collections::BTreeSet;

const SCHEMA: &str = include_str!("../man/soquete-events.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).expect("the schema is a schema")
}

fn lines(fill: Fill) -> Vec<Map<String, Value>> {
    let object = |record| match serde_json::to_value(record).expect("events are JSON") {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    };
    samples(fill).into_iter().map(object).collect()
}

/// The schema's definition of the event that `line` is.
fn definition(schema: &Value, line: &Map<String, Value>) -> Value {
    let name = line["event"].as_str().expect("events are named");
    schema["$defs"][format!("event-{name}")].clone()
}

fn set(words: &Value) -> BTreeSet<String> {
    let words = words.as_array().unwrap_or_else(|| panic!("{words} is no list"));
    words.iter().map(|w| w.as_str().expect("words are text").to_owned()).collect()
}

#[test]
fn every_event_is_described() {
    let validator = validator();
    for line in lines(Fill::Whole).into_iter().chain(lines(Fill::Bare)) {
        let line = Value::Object(line);
        assert!(validator.is_valid(&line), "{line}: {}", validator.validate(&line).unwrap_err());
    }
}

#[test]
fn fields_are_those_of_the_code_and_required_where_always_there() {
    let schema = schema();
    let described = schema["oneOf"].as_array().expect("a list").len();
    assert_eq!(described, samples(Fill::Bare).len(), "an event that does not exist is described");
    for (whole, bare) in lines(Fill::Whole).into_iter().zip(lines(Fill::Bare)) {
        let definition = definition(&schema, &whole);
        let properties: BTreeSet<_> =
            definition["properties"].as_object().expect("properties").keys().cloned().collect();
        assert_eq!(properties, whole.keys().cloned().collect(), "{}", whole["event"]);
        assert_eq!(set(&definition["required"]), bare.keys().cloned().collect(), "{}", whole["event"]);
        assert_eq!(definition["additionalProperties"], json!(false), "{}", whole["event"]);
    }
}

#[test]
fn every_mutation_is_refused() {
    let validator = validator();
    let refused = |line: &Map<String, Value>, what: &str| {
        let line = Value::Object(line.clone());
        assert!(!validator.is_valid(&line), "{what} passes: {line}");
    };
    for line in lines(Fill::Whole) {
        let mut mutant = line.clone();
        mutant.insert("surplus".into(), json!(1));
        refused(&mutant, "a surplus field");
        for (field, value) in &line {
            let mut mutant = line.clone();
            let wrong = if value.is_array() { json!({}) } else { json!([value]) };
            mutant.insert(field.clone(), wrong);
            refused(&mutant, field);
            if value.is_number() {
                mutant.insert(field.clone(), json!(-1));
                refused(&mutant, field);
            }
            if vocabulary().iter().any(|(name, _)| name == field) && field != "op" {
                mutant.insert(field.clone(), json!("nonsense"));
                refused(&mutant, field);
            }
        }
    }
    for line in lines(Fill::Bare) {
        for field in line.keys() {
            let mut mutant = line.clone();
            mutant.remove(field);
            refused(&mutant, &format!("a line without {field}"));
        }
    }
}

#[test]
fn words_are_those_of_the_code() {
    let schema = schema();
    for (field, words) in vocabulary() {
        let name = if matches!(field, "from" | "to") { "state" } else { field };
        let described = set(&schema["$defs"][name]["enum"]);
        assert_eq!(described, words.into_iter().collect(), "{field}");
    }
}

#[test]
fn option_names_are_those_of_the_code() {
    let described = set(&schema()["$defs"]["option-name"]["enum"]);
    assert_eq!(described, options::names());
}

#[test]
fn only_steps_of_rfc_9293_are_valid() {
    let validator = validator();
    let state = lines(Fill::Whole).into_iter().find(|l| l["event"] == "state").expect("there is one");
    for from in State::ALL {
        for to in State::ALL {
            let mut line = state.clone();
            line.insert("from".into(), json!(from));
            line.insert("to".into(), json!(to));
            let legal = from.next().contains(&to);
            assert_eq!(validator.is_valid(&Value::Object(line)), legal, "{from} to {to}");
        }
    }
}

#[test]
fn a_real_stream_is_valid() {
    let program = env!("CARGO_BIN_EXE_soquete");
    let run =
        std::process::Command::new(program).args(["demo", "all", "--json", "-v"]).output().expect("it runs");
    assert!(run.status.success(), "{run:?}");
    let (validator, mut count) = (validator(), 0);
    for line in String::from_utf8(run.stderr).expect("events are text").lines() {
        let line: Value = serde_json::from_str(line).expect("each line is JSON");
        assert!(validator.is_valid(&line), "{line}: {}", validator.validate(&line).unwrap_err());
        count += 1;
    }
    assert!(count > 15, "{count} events");
}
