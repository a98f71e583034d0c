#!/usr/bin/python3
"""Print JSON of DynamoDB in a form to compare.

Members sorted; the times, ids, counts and sizes of a table replaced by a word
if they are of the right form; Items sorted with --unordered.  Counts and sizes
are what DynamoDB says are hours old.
"""
import json
import re
import sys

UUID = r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
TIME = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d'
FORMS = {
    'Backfilling': r'True|False',
    'CreationDateTime': TIME,
    'LastUpdateToPayPerRequestDateTime': TIME,
    'IndexSizeBytes': r'\d+',
    'ItemCount': r'\d+',
    'TableId': UUID,
    'TableSizeBytes': r'\d+',
    'TableArn': r'arn:aws:dynamodb:[a-z]+-[a-z]+-\d:\d{12}:table/Products',
    'IndexArn': r'arn:aws:dynamodb:[a-z]+-[a-z]+-\d:\d{12}:table/Products/index/CategoryIndex',
}


def normalize(value, unordered):
    """The value in the form to compare."""
    if isinstance(value, list):
        return [normalize(v, unordered) for v in value]
    if not isinstance(value, dict):
        return value
    result = {}
    # Only later versions of the CLI know this member
    if value.get('DeletionProtectionEnabled') is False:
        del value['DeletionProtectionEnabled']
    for name, member in value.items():
        if name in FORMS and re.fullmatch(FORMS[name], str(member)):
            member = '<%s>' % name
        elif name == 'AttributeDefinitions' or (name == 'Items' and unordered):
            member = sorted(member, key=lambda m: json.dumps(m, sort_keys=True))
        result[name] = normalize(member, unordered)
    return result


text = sys.stdin.read()
if text.strip():
    print(json.dumps(normalize(json.loads(text), '--unordered' in sys.argv),
                     indent=4, sort_keys=True, ensure_ascii=False))
