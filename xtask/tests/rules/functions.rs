//! The folders in `functions/` and the functions in `template.yaml` are the same.

use std::collections::BTreeMap;
use std::fs;

use crate::assert_none;
use crate::repository::{packages_in, root};
use crate::template::{functions, resources};

#[test]
fn functions_are_the_folders_and_the_template() {
    let in_template: BTreeMap<_, _> = functions()
        .iter()
        .map(|function| {
            let binary = function.node.get("Metadata.BuildProperties.Binary");
            let binary = binary.unwrap_or_else(|| {
                panic!(
                    "template.yaml:{}: {} needs Metadata.BuildProperties.Binary",
                    function.node.line, function.name
                )
            });
            (binary.text(), binary.line)
        })
        .collect();
    let packages = packages_in("functions");
    let folders: Vec<_> = fs::read_dir(root().join("functions"))
        .expect("it is there")
        .map(|entry| entry.expect("it can be read"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();

    let mut faults = Vec::new();
    for folder in &folders {
        if !packages.contains(&folder.as_str()) {
            faults.push(format!(
                "functions/{folder}: contains no package of that name; add one or remove the folder"
            ));
        }
        if !in_template.contains_key(folder.as_str()) {
            faults.push(format!(
                "functions/{folder}: no function in template.yaml has this Binary; add one or remove the folder"
            ));
        }
    }
    for (binary, line) in in_template {
        if !folders.iter().any(|folder| folder == binary) {
            faults.push(format!(
                "template.yaml:{line}: functions/{binary} does not exist; add or remove it"
            ));
        }
    }
    assert_none(&faults);
}

#[test]
fn a_function_is_named_after_its_folder() {
    let faults: Vec<_> = functions()
        .iter()
        .filter_map(|function| {
            let binary = function.node.get("Metadata.BuildProperties.Binary")?;
            let expected: String = binary
                .text()
                .split('-')
                .map(|word| word[..1].to_uppercase() + &word[1..])
                .chain(["Function".to_owned()])
                .collect();
            (expected != function.name).then(|| {
                format!(
                    "template.yaml:{}: {} runs {}; call it {expected}",
                    binary.line,
                    function.name,
                    binary.text()
                )
            })
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn every_function_is_called_by_something() {
    let faults: Vec<_> = functions()
        .iter()
        .filter(|function| function.node.get("Properties.Events").is_none())
        .filter(|function| {
            let elsewhere = |kind: &str| {
                resources(kind)
                    .iter()
                    .any(|other| other.node.mentions(&format!("{}.Arn", function.name)))
            };
            !elsewhere("AWS::ApiGatewayV2::Integration") && !elsewhere("Custom::")
        })
        .map(|function| {
            format!(
                "template.yaml:{}: nothing calls {}; give it an event or remove it",
                function.node.line, function.name
            )
        })
        .collect();
    assert_none(&faults);
}
