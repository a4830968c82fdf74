//! Which paths of its own crate a source file names, read from its tokens.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// A path from the crate's root, a segment each.
pub type Path = Vec<String>;

/// The module a file is, by its path below `src`: `net/addr.rs` is `net::addr`, `net/mod.rs` is `net`.
pub fn module(file: &str) -> Path {
    let parts = file.trim_end_matches(".rs").split('/').map(str::to_owned);
    parts.filter(|part| !matches!(part.as_str(), "mod" | "lib" | "main")).collect()
}

/// Every path of the file that starts with `crate`, `super` or `self`, from the root; unit tests left out.
pub fn own_paths(tokens: TokenStream, module: &[String]) -> Vec<Path> {
    let mut found = Vec::new();
    walk(&Vec::from_iter(tokens), module, &mut found);
    found
}

/// Every identifier outside comments and strings; unit tests included.
pub fn identifiers(tokens: TokenStream, found: &mut Vec<Ident>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => found.push(ident),
            TokenTree::Group(group) => identifiers(group.stream(), found),
            _ => {}
        }
    }
}

fn walk(tokens: &[TokenTree], module: &[String], found: &mut Vec<Path>) {
    let mut i = 0;
    while i < tokens.len() {
        if is_test_only(&tokens[i..]) {
            i += 2;
            // The item ends with its body or its semicolon.
            while i < tokens.len() && !is_group(&tokens[i], Delimiter::Brace) && !is_punct(&tokens[i], ';') {
                i += 1;
            }
            i += 1;
            continue;
        }
        match &tokens[i] {
            TokenTree::Group(group) => {
                let inner = inline_module(&tokens[..i]).map(|name| [module, &[name]].concat());
                let inside = Vec::from_iter(group.stream());
                walk(&inside, inner.as_deref().unwrap_or(module), found);
                i += 1;
            }
            TokenTree::Ident(start) if is_path(&tokens[i + 1..]) => {
                let base = match start.to_string().as_str() {
                    "crate" => Some(Vec::new()),
                    "self" => Some(module.to_vec()),
                    "super" => Some(parent(module)),
                    _ => None,
                };
                i += match base {
                    Some(base) => 3 + tree(&tokens[i + 3..], base, found),
                    None => 3,
                };
            }
            _ => i += 1,
        }
    }
}

/// Reads what follows `::`: names, `{…}` or `*`. Returns how many tokens it took.
fn tree(tokens: &[TokenTree], mut base: Path, found: &mut Vec<Path>) -> usize {
    match tokens.first() {
        Some(TokenTree::Ident(name)) => {
            match name.to_string().as_str() {
                "super" => base = parent(&base),
                "self" => {}
                name => base.push(name.to_owned()),
            }
            if is_path(&tokens[1..]) {
                return 3 + tree(&tokens[3..], base, found);
            }
            found.push(base);
            1
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inside = Vec::from_iter(group.stream());
            for part in inside.split(|token| is_punct(token, ',')).filter(|part| !part.is_empty()) {
                tree(part, base.clone(), found);
            }
            1
        }
        Some(TokenTree::Punct(_)) => {
            found.push(base);
            1
        }
        _ => 0,
    }
}

fn parent(module: &[String]) -> Path {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// The name in `mod name` before a body.
fn inline_module(before: &[TokenTree]) -> Option<String> {
    match before {
        [.., TokenTree::Ident(keyword), TokenTree::Ident(name)] if *keyword == "mod" => {
            Some(name.to_string())
        }
        _ => None,
    }
}

/// Whether an item marked `#[cfg(test)]` starts here.
fn is_test_only(tokens: &[TokenTree]) -> bool {
    match tokens {
        [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] if hash.as_char() == '#' => {
            attribute.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        _ => false,
    }
}

fn is_path(tokens: &[TokenTree]) -> bool {
    tokens.len() > 1 && is_punct(&tokens[0], ':') && is_punct(&tokens[1], ':')
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}
