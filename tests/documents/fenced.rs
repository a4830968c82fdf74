//! The fenced blocks of a document, with the chapters they stand in.

/// A block: what stands behind its opening fence, and its text.
#[derive(Debug)]
pub struct Block {
    /// The heading (`##`) it stands below.
    pub chapter: String,
    /// `sh`, `ini`, … or empty.
    pub language: String,
    /// Its lines.
    pub text: String,
}

/// The blocks of `document`, in their order.
pub fn blocks(document: &str) -> Vec<Block> {
    let (mut blocks, mut chapter, mut open) = (Vec::new(), String::new(), None::<Block>);
    for line in document.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let (chapter, language) = (chapter.clone(), language.to_owned());
                open = Some(Block { chapter, language, text: String::new() });
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text += line;
                block.text.push('\n');
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.clone_into(&mut chapter);
                }
            }
        }
    }
    assert!(open.is_none(), "a block is not closed: {open:?}");
    blocks
}
