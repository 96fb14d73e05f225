"""A second, independent client: pymongo against the server.

    python pymongo_smoke.py mongodb://127.0.0.1:27017

Needs pymongo. Prints one line and exits with zero if all went well.
"""

import datetime
import decimal
import sys
import uuid

import bson
import pymongo
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def types(database):
    documents = database.get_collection(
        "types", codec_options=CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
    )
    original = {
        "_id": uuid.uuid4(),
        "int32": 7,
        "int64": bson.Int64(7),
        "double": 7.0,
        "decimal": bson.Decimal128(decimal.Decimal("0.1")),
        "before_1970": datetime.datetime(1901, 2, 3, 4, 5, 6, 789000),
        "binary": Binary(b"\x00\xff", 5),
        "nested": {"list": [1, None, {"deep": True}], "": "empty name"},
        "regex": bson.Regex("^a", "i"),
        "timestamp": bson.Timestamp(1, 2),
        "min": bson.MinKey(),
        "max": bson.MaxKey(),
    }
    documents.insert_one(original)
    found = documents.find_one({"_id": original["_id"]})
    check(found == original, f"{found} is not {original}")
    check(isinstance(found["int64"], bson.Int64), "an int64 stays one")
    check(documents.count_documents({"decimal": {"$lt": 0.11}}) == 1, "decimals compare")


def writes(database):
    users = database.users
    users.create_index("name", unique=True)
    users.insert_many([{"name": f"user{n}", "n": n} for n in range(300)])
    try:
        users.insert_one({"name": "user7"})
        check(False, "a duplicate was taken")
    except DuplicateKeyError as error:
        check(error.details["keyPattern"] == {"name": 1}, error.details)
        check(error.details["keyValue"] == {"name": "user7"}, error.details)
    try:
        users.bulk_write(
            [
                pymongo.InsertOne({"name": "user1"}),
                pymongo.UpdateOne({"name": "user2"}, {"$push": {"tags": {"$each": ["b", "a"], "$sort": 1}}}),
                pymongo.DeleteOne({"name": "user3"}),
                pymongo.ReplaceOne({"name": "new"}, {"name": "new", "n": -1}, upsert=True),
            ],
            ordered=False,
        )
        check(False, "a duplicate was taken")
    except BulkWriteError as error:
        details = error.details
        check(len(details["writeErrors"]) == 1, details)
        check((details["nModified"], details["nRemoved"], details["nUpserted"]) == (1, 1, 1), details)
    check(users.find_one({"name": "user2"})["tags"] == ["a", "b"], "a push sorts")
    after = users.find_one_and_update(
        {"name": "user9", "n": {"$lt": 10}}, {"$inc": {"n": 100}}, return_document=True
    )
    check(after["n"] == 109, after)
    check(len(list(users.find({}, batch_size=17))) == 300, "all batches come")


def reads(database):
    found = list(
        database.users.aggregate(
            [
                {"$match": {"n": {"$gte": 200}}},
                {"$group": {"_id": {"$mod": ["$n", 2]}, "n": {"$sum": 1}, "last": {"$max": "$n"}}},
                {"$sort": {"_id": 1}},
            ]
        )
    )
    check(found == [{"_id": 0, "n": 50, "last": 298}, {"_id": 1, "n": 50, "last": 299}], found)
    plan = database.users.find({"name": "user5"}).explain()["queryPlanner"]["winningPlan"]
    check(plan["inputStage"]["indexName"] == "name_1", plan)


def refusals(database):
    for name, attempt in {
        "$text": lambda: database.users.find_one({"$text": {"$search": "x"}}),
        "mapReduce": lambda: database.command("mapReduce", "users"),
        "$graphLookup": lambda: list(database.users.aggregate([{"$graphLookup": {}}])),
    }.items():
        try:
            attempt()
            check(False, f"{name} was taken")
        except OperationFailure as error:
            check(name in str(error), f"{error} names {name}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    client = pymongo.MongoClient(sys.argv[1], serverSelectionTimeoutMS=10_000)
    database = client["pymongo_smoke"]
    client.drop_database(database)
    for part in (types, writes, reads, refusals):
        try:
            part(database)
        except Exception as error:  # whatever it is, the line must say where
            sys.exit(f"pymongo smoke: FAILED in {part.__name__}: {error!r}")
    client.drop_database(database)
    version = client.server_info()["version"]
    print(f"pymongo smoke: ok (pymongo {pymongo.version}, server {version})")


if __name__ == "__main__":
    main()
