//! The files of the page, and the names that they are served under.
//!
//! The name of each asset contains a hash of its content, so that browsers and
//! CloudFront cache it for ever; only `index.html` is revalidated. Sources
//! refer to each other by plain names (`assets/style.css`, `./chat.js`), which
//! are replaced here.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::styles;

/// A file under its plain name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    name: String,
    bytes: Vec<u8>,
    /// Whether the bundler made it: that is left as it is.
    is_made: bool,
}

impl Asset {
    /// An asset called `name` in the sources.
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            bytes,
            is_made: false,
        }
    }

    /// An asset that the bundler made, in which no other is named.
    pub fn made(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            is_made: true,
            ..Self::new(name, bytes)
        }
    }

    /// Whether other assets may be named in it.
    fn names_others(&self) -> bool {
        !self.is_made
    }
}

/// The page as it is served.
#[derive(Debug)]
pub struct Site {
    /// `index.html`, with the assets' names in it.
    pub index: String,
    /// Name and content of each file in `assets/`.
    pub assets: Vec<(String, Vec<u8>)>,
}

impl Site {
    /// The files that need no compiling: `index.html`, `assets/*`, and the
    /// sheets of `styles/`, in the order of their names, as `style.css`.
    pub fn read(statics: &Path) -> Result<Vec<Asset>> {
        let mut found = vec![read_one(&statics.join("index.html"))?];
        for file in files(&statics.join("assets"))? {
            found.push(read_one(&file)?);
        }
        let mut style = String::new();
        for sheet in files(&statics.join("styles"))? {
            let text = fs::read_to_string(&sheet)
                .with_context(|| format!("cannot read {}", sheet.display()))?;
            style.push_str(&styles::tight(&text));
        }
        found.push(Asset::new("style.css", style.into_bytes()));
        Ok(found)
    }

    /// Gives every asset its name and puts it wherever the asset is named.
    pub fn name(assets: Vec<Asset>) -> Result<Self> {
        let (index, mut waiting): (Vec<Asset>, Vec<Asset>) = assets
            .into_iter()
            .partition(|asset| asset.name == "index.html");
        let mut index = index.into_iter().next().context("there is no index.html")?;
        let mut named: Vec<(String, Vec<u8>)> = Vec::new();

        // What names others can only be named itself once those have names.
        while !waiting.is_empty() {
            let all: Vec<String> = waiting.iter().map(|asset| asset.name.clone()).collect();
            let (ready, rest): (Vec<Asset>, Vec<Asset>) = waiting.into_iter().partition(|asset| {
                !asset.names_others() || !all.iter().any(|other| mentions(&asset.bytes, other))
            });
            if ready.is_empty() {
                bail!(
                    "these assets name each other in a circle: {}",
                    all.join(", ")
                );
            }
            waiting = rest;
            for asset in ready {
                let name = with_content(&asset);
                let mut uses = replace(&mut index.bytes, &asset.name, &name);
                for other in waiting.iter_mut().filter(|other| other.names_others()) {
                    uses += replace(&mut other.bytes, &asset.name, &name);
                }
                if uses == 0 {
                    bail!(
                        "no file of the page names {}: remove it, or name it",
                        asset.name
                    );
                }
                named.push((name, asset.bytes));
            }
        }
        Ok(Self {
            index: String::from_utf8(index.bytes).context("index.html is not UTF-8")?,
            assets: named,
        })
    }
}

/// The files in a folder, in the order of their names.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

fn read_one(path: &Path) -> Result<Asset> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Ok(Asset::new(&name.context("an asset without a name")?, bytes))
}

fn mentions(bytes: &[u8], name: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(&format!("/{name}\""))
}

/// Puts `new` where a quoted path ends in `old`; how often it did.
fn replace(bytes: &mut Vec<u8>, old: &str, new: &str) -> usize {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return 0;
    };
    let (old, new) = (format!("/{old}\""), format!("/{new}\""));
    let uses = text.matches(&old).count();
    if uses > 0 {
        *bytes = text.replace(&old, &new).into_bytes();
    }
    uses
}

/// `style.css` as `style-0123456789abcdef.css`. The hash need not withstand
/// anyone: both the name and the content are ours.
fn with_content(asset: &Asset) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(&asset.bytes);
    let hash = hasher.finish();
    match asset.name.rsplit_once('.') {
        Some((stem, kind)) => format!("{stem}-{hash:016x}.{kind}"),
        None => format!("{}-{hash:016x}", asset.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(name: &str, text: &str) -> Asset {
        Asset::new(name, text.as_bytes().to_vec())
    }

    fn page(style: &str) -> Vec<Asset> {
        vec![
            asset(
                "index.html",
                r#"<link href="assets/style.css"><script src="assets/start.js">"#,
            ),
            asset("style.css", style),
            asset("start.js", r#"import start from "./chat.js";"#),
            Asset::made("chat.js", b"export default 1;".to_vec()),
        ]
    }

    #[test]
    fn every_name_in_the_page_is_the_name_of_a_file() {
        let site = Site::name(page("a")).expect("named");
        assert_eq!(site.assets.len(), 3);
        for (name, _) in &site.assets {
            let named = site.index.contains(name.as_str())
                || site
                    .assets
                    .iter()
                    .any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(name.as_str()));
            assert!(named, "{name} is not named in {site:?}");
        }
        assert!(!site.index.contains("style.css"));
    }

    #[test]
    fn another_content_gives_another_name_to_it_and_to_nothing_else() {
        let names = |style| -> Vec<String> {
            let site = Site::name(page(style)).expect("named");
            site.assets.into_iter().map(|(name, _)| name).collect()
        };
        let (one, other) = (names("a"), names("b"));
        let changed: Vec<&String> = one.iter().filter(|name| !other.contains(name)).collect();
        assert_eq!(changed.len(), 1, "{one:?} {other:?}");
        assert!(changed[0].starts_with("style-"));
    }

    #[test]
    fn an_asset_that_nothing_names_is_refused() {
        let mut assets = page("a");
        assets.push(asset("left-over.svg", "<svg/>"));
        let error = Site::name(assets).expect_err("refused").to_string();
        assert!(error.contains("left-over.svg"), "{error}");
    }

    #[test]
    fn assets_that_name_each_other_in_a_circle_are_refused() {
        let mut assets = page("a");
        assets.push(asset("one.js", r#"import "./two.js""#));
        assets.push(asset("two.js", r#"import "./one.js""#));
        let error = Site::name(assets).expect_err("refused").to_string();
        assert!(error.contains("circle"), "{error}");
    }
}
