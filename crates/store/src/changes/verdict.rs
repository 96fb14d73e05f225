//! The stages that decide whether a change may be made.

use domain::limits::{
    EMOJI_PER_MESSAGE, PINS_PER_ROOM, REACTIONS_PER_MESSAGE, REACTIONS_PER_PERSON,
    VERSIONS_PER_MESSAGE,
};
use mongodb::bson::{Document, doc};
use protocol::ChangeKind;

use super::ChangeDraft;
use crate::members::current;

/// The value of `refusal` for a change whose result is there already.
pub(super) const IN_EFFECT: &str = "in_effect";

/// The stages that end with the author's membership, the `newest` change, the
/// `message`, the number of its `edits`, and the `refusal`, null for a change that
/// may be made. The newest `rev` is looked up first: what comes after it is at
/// least as new, and nothing newer if the next `rev` is still free.
pub(super) fn verdict(draft: &ChangeDraft<'_>) -> Vec<Document> {
    let membership = current(doc! { "user": &draft.by.id, "room": draft.room });
    let mut stages = vec![
        doc! { "$match": membership },
        in_room(
            "changes",
            "newest",
            vec![
                doc! { "$sort": { "rev": -1 } },
                doc! { "$limit": 1 },
                doc! { "$project": { "_id": 0, "rev": 1 } },
            ],
        ),
        in_room(
            "messages",
            "message",
            vec![
                doc! { "$match": { "seq": draft.seq } },
                doc! { "$project": { "_id": 0, "sender": 1, "at": 1, "text": 1 } },
            ],
        ),
    ];
    let mut branches = vec![branch(doc! { "$eq": ["$message", []] }, "unknown_message")];
    match draft.kind {
        ChangeKind::Edit { .. } | ChangeKind::Delete => {
            stages.push(of_message(
                draft,
                &["edit", "delete"],
                doc! { "kind": "$kind" },
            ));
            stages.extend(edit_or_delete(draft, &mut branches));
        }
        ChangeKind::React { emoji, on } => {
            let key = doc! { "kind": "$kind", "by": "$by", "emoji": "$emoji" };
            stages.push(of_message(draft, &["react", "delete"], key));
            reaction(draft, emoji, *on, &mut branches);
        }
        ChangeKind::Pin { on } => {
            stages.push(of_message(
                draft,
                &["pin", "delete"],
                doc! { "kind": "$kind" },
            ));
            stages.push(in_room(
                "messages",
                "pins",
                vec![
                    doc! { "$match": { "pinned_at": { "$gt": 0 } } },
                    doc! { "$limit": PINS_PER_ROOM },
                    doc! { "$project": { "_id": 1 } },
                ],
            ));
            pin(*on, &mut branches);
        }
        ChangeKind::Room { .. } | ChangeKind::Member { .. } | ChangeKind::Unknown => {}
    }
    stages.push(doc! { "$addFields": {
        "refusal": { "$switch": { "branches": branches, "default": null } },
    } });
    stages
}

fn edit_or_delete(draft: &ChangeDraft<'_>, branches: &mut Vec<Document>) -> Vec<Document> {
    let edits = doc! { "$sum": { "$map": {
        "input": of_kind("edit"), "in": "$$this.count",
    } } };
    let is_mine = doc! { "$eq": [{ "$first": "$message.sender" }, { "$literal": &draft.by.id }] };
    let mut stages = vec![doc! { "$addFields": { "edits": edits } }];
    branches.push(branch(is_deleted(), "deleted"));
    if *draft.kind == ChangeKind::Delete {
        stages.push(doc! { "$lookup": {
            "from": "rooms",
            "localField": "room",
            "foreignField": "_id",
            "pipeline": [{ "$match": { "kind": "group" } }, { "$project": { "_id": 1 } }],
            "as": "group",
        } });
        let moderates = doc! { "$and": [
            { "$in": ["$role", ["owner", "moderator"]] },
            { "$ne": ["$group", []] },
        ] };
        let may = doc! { "$or": [is_mine, moderates] };
        branches.push(branch(doc! { "$not": [may] }, "not_yours"));
        return stages;
    }
    let at = doc! { "$first": "$message.at" };
    let is_too_old = doc! { "$lt": [at, draft.edits_since.as_millis()] };
    let is_full = doc! { "$gte": ["$edits", VERSIONS_PER_MESSAGE] };
    branches.push(branch(doc! { "$not": [is_mine] }, "not_yours"));
    branches.push(branch(is_too_old, "too_old"));
    branches.push(branch(is_full, "too_many_versions"));
    stages
}

fn reaction(draft: &ChangeDraft<'_>, emoji: &str, on: bool, branches: &mut Vec<Document>) {
    let by = doc! { "$eq": ["$$this._id.by", { "$literal": &draft.by.id }] };
    let with = doc! { "$eq": ["$$this._id.emoji", { "$literal": emoji }] };
    let shown = || doc! { "$filter": { "input": "$state", "cond": "$$this.on" } };
    let filtered = |cond: Document| doc! { "$filter": { "input": shown(), "cond": cond } };
    let is_on = doc! { "$ne": [
        filtered(doc! { "$and": [by.clone(), with.clone()] }), [],
    ] };
    let mine = doc! { "$filter": { "input": "$state", "cond": by } };
    let made = doc! { "$sum": { "$map": { "input": mine, "in": "$$this.count" } } };
    branches.push(branch(is_deleted(), "deleted"));
    branches.push(branch(doc! { "$eq": [is_on, on] }, IN_EFFECT));
    branches.push(branch(
        doc! { "$gte": [made, REACTIONS_PER_PERSON] },
        "too_many_reactions",
    ));
    if on {
        let emoji = doc! { "$reduce": {
            "input": shown(),
            "initialValue": [],
            "in": { "$cond": [
                { "$in": ["$$this._id.emoji", "$$value"] },
                "$$value",
                { "$concatArrays": ["$$value", ["$$this._id.emoji"]] },
            ] },
        } };
        let is_new = doc! { "$eq": [filtered(with), []] };
        let is_full = doc! { "$gte": [{ "$size": emoji }, EMOJI_PER_MESSAGE] };
        let is_one_too_many = doc! { "$and": [is_new, is_full] };
        branches.push(branch(is_one_too_many, "too_many_reactions"));
        branches.push(branch(
            doc! { "$gte": [{ "$size": shown() }, REACTIONS_PER_MESSAGE] },
            "too_many_reactions",
        ));
    }
}

fn pin(on: bool, branches: &mut Vec<Document>) {
    let is_on = doc! { "$ne": [
        { "$filter": { "input": of_kind("pin"), "cond": "$$this.on" } }, [],
    ] };
    branches.push(branch(is_deleted(), "deleted"));
    branches.push(branch(doc! { "$eq": [is_on, on] }, IN_EFFECT));
    if on {
        let is_full = doc! { "$gte": [{ "$size": "$pins" }, PINS_PER_ROOM] };
        branches.push(branch(is_full, "too_many_pins"));
    }
}

/// Joins documents of the room.
fn in_room(from: &str, into: &str, pipeline: Vec<Document>) -> Document {
    doc! { "$lookup": {
        "from": from,
        "localField": "room",
        "foreignField": "room",
        "pipeline": pipeline,
        "as": into,
    } }
}

/// Joins the `state` of the message: its changes of some kinds, grouped by `key`,
/// with their number and the newest `on`.
fn of_message(draft: &ChangeDraft<'_>, kinds: &[&str], key: Document) -> Document {
    in_room(
        "changes",
        "state",
        vec![
            doc! { "$match": { "seq": draft.seq, "kind": { "$in": kinds } } },
            doc! { "$sort": { "rev": 1 } },
            doc! { "$group": {
                "_id": key, "on": { "$last": "$on" }, "count": { "$sum": 1_i64 },
            } },
        ],
    )
}

fn of_kind(kind: &str) -> Document {
    let cond = doc! { "$eq": ["$$this._id.kind", kind] };
    doc! { "$filter": { "input": "$state", "cond": cond } }
}

fn is_deleted() -> Document {
    doc! { "$ne": [of_kind("delete"), []] }
}

fn branch(case: Document, then: &str) -> Document {
    doc! { "case": case, "then": then }
}
