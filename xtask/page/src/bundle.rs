//! Turns the modules that cargo built into a folder that a browser can load.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::{self, Asset, Site};
use crate::compile::{MODULES, Profile};
use crate::compress;
use crate::say;

/// What the last run made of what; only there to do nothing twice.
const MANIFEST: &str = "manifest.json";

/// Writes the page to `out`, unless it is there already.
pub fn write(modules: &[PathBuf], statics: &Path, out: &Path, profile: Profile) -> Result<()> {
    let inputs = inputs(modules, statics)?;
    if is_up_to_date(out, &inputs) {
        say("the page is up to date");
        return Ok(());
    }

    let mut assets = Site::read(statics)?;
    for (name, module) in MODULES.iter().zip(modules) {
        assets.extend(bind(name, module, profile)?);
    }
    let mut site = Site::name(assets)?;
    let total: usize = site.assets.iter().map(|(_, bytes)| bytes.len()).sum();
    if profile == Profile::Small {
        site.assets.extend(compress::siblings(&site.assets)?);
    }

    let folder = out.join("assets");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, bytes) in &site.assets {
        put(&folder.join(name), bytes)?;
    }
    put(&out.join("index.html"), site.index.as_bytes())?;
    remove_others(&folder, &site)?;

    let files: Vec<&String> = site.assets.iter().map(|(name, _)| name).collect();
    let manifest = json!({ "inputs": inputs, "assets": files });
    put(&out.join(MANIFEST), format!("{manifest:#}\n").as_bytes())?;

    say(format!(
        "wrote {} ({} files, {} KB before compression)",
        out.display(),
        files.len() + 1,
        (total + site.index.len()) / 1024
    ));
    Ok(())
}

/// The browser's side of a module: JavaScript that loads it, and the module
/// itself without what only the bundler needed.
fn bind(name: &str, module: &Path, profile: Profile) -> Result<Vec<Asset>> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .remove_name_section(profile == Profile::Small)
        .remove_producers_section(profile == Profile::Small);
    let mut output = bindgen
        .generate_output()
        .with_context(|| format!("cannot bundle {}", module.display()))?;
    let snippets = output.snippets().values().map(Vec::len).sum::<usize>();
    if snippets + output.local_modules().len() > 0 {
        bail!("a dependency of the page brings JavaScript of its own, which is not bundled");
    }
    Ok(vec![
        Asset::made(&format!("{name}.js"), output.js().as_bytes().to_vec()),
        Asset::made(&format!("{name}.wasm"), output.wasm_mut().emit_wasm()),
    ])
}

/// Length and time of change of all that the page is made of, the bundler too.
fn inputs(modules: &[PathBuf], statics: &Path) -> Result<Value> {
    let mut paths = modules.to_vec();
    paths.push(std::env::current_exe()?);
    for folder in ["", "assets", "styles"] {
        paths.extend(assets::files(&statics.join(folder))?);
    }
    paths.retain(|path| path.is_file());
    paths.sort();
    let inputs = paths.iter().map(|path| {
        let about = fs::metadata(path).with_context(|| format!("no {}", path.display()))?;
        let changed = about.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
        Ok(json!([
            path.display().to_string(),
            about.len(),
            changed.to_string()
        ]))
    });
    inputs.collect::<Result<Value>>()
}

fn is_up_to_date(out: &Path, inputs: &Value) -> bool {
    let Ok(text) = fs::read_to_string(out.join(MANIFEST)) else {
        return false;
    };
    let Ok(manifest) = serde_json::from_str::<Value>(&text) else {
        return false;
    };
    let assets = manifest["assets"].as_array();
    manifest["inputs"] == *inputs
        && out.join("index.html").is_file()
        && assets.is_some_and(|assets| {
            assets.iter().all(|name| {
                out.join("assets")
                    .join(name.as_str().unwrap_or(""))
                    .is_file()
            })
        })
}

/// Written beside its place and moved there, so that a server never reads half
/// a file.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("part");
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn remove_others(folder: &Path, site: &Site) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !site.assets.iter().any(|(kept, _)| name == kept.as_str()) {
            fs::remove_file(entry.path())
                .with_context(|| format!("cannot remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}
