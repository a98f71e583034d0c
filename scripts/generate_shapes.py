#!/usr/bin/env python3
"""Write src/api/request_shapes.c from Amazon's model of the DynamoDB API.

The model is botocore's data/dynamodb/2012-08-10/service-2.json and
data/dynamodbstreams/2012-08-10/service-2.json (Apache-2.0; plain or .gz).

    scripts/generate_shapes.py [DIRECTORY] > src/api/request_shapes.c

DIRECTORY is botocore's data directory; without it the installed botocore's
is taken.  Where the service differs from its model, the tables below say so.
"""
import gzip
import json
import os
import re
import sys

SERVICES = ('dynamodb', 'dynamodbstreams')
VERSION = '2012-08-10'
PACKAGE = 'com.amazonaws.dynamodb.v20120810.'

NAME_PATTERN = '[a-zA-Z0-9_.-]+'

# Patterns of members that only belong to operations on other services' things
# (S3, KMS, auto scaling, backups): left unchecked.
IGNORED_PATTERNS = {
    r'[\x20-\x21\x23-\x2B\x2D-\x7E]*',
    r'[0-9]{12}',
    r'^[^\$]+$',
    r'\p{Print}+',
    r'[,;:|\t ]',
    r'[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*',
    r'^[a-z0-9A-Z]+[\.\-\w]*[a-z0-9A-Z]+$',
    r'([0-9a-f]{16})+',
}

# Operations that report a bad TableName first and alone.
TABLE_OPERATIONS = {
    'CreateTable', 'UpdateTable', 'DeleteTable', 'DescribeTable',
    'DescribeTimeToLive',
}

# The order in which the service prints enums; others: the model's.
ENUM_ORDER = {
    'ReturnConsumedCapacity': 'INDEXES TOTAL NONE',
    'ReturnItemCollectionMetrics': 'SIZE NONE',
    'ReturnValue': 'ALL_NEW UPDATED_OLD ALL_OLD NONE UPDATED_NEW',
    'Select': 'SPECIFIC_ATTRIBUTES COUNT ALL_ATTRIBUTES '
              'ALL_PROJECTED_ATTRIBUTES',
    'ConditionalOperator': 'OR AND',
    'ComparisonOperator': 'IN NULL BETWEEN LT NOT_CONTAINS EQ GT NOT_NULL NE '
                          'LE BEGINS_WITH GE CONTAINS',
    'ScalarAttributeType': 'B N S',
    'KeyType': 'HASH RANGE',
    'ProjectionType': 'ALL INCLUDE KEYS_ONLY',
    'BillingMode': 'PROVISIONED PAY_PER_REQUEST',
}

# Constraints of whole shapes that differ from the model's.
SHAPES = {
    # A name or an ARN, says the model; names are held to the name's rules,
    # and an ARN is cut down to its name before them.
    'TableArn': {'min': 3, 'max': 255, 'pattern': NAME_PATTERN,
                 'flags': {'TABLE_NAME'}},
    # The service refuses more than 255 entries.
    'AttributeNameList': {'max': 255},
    # Up to four HASH and four RANGE attributes (global indexes).
    'KeySchema': {'max': 8},
    # The service's limit (100) is on all indexes together.
    'NonKeyAttributeNameList': {'max': None},
}

# The same for one member of one structure.
MEMBERS = {
    # Tables and local indexes have at most two key attributes.
    ('CreateTableInput', 'KeySchema'): {'max': 2},
    ('LocalSecondaryIndex', 'KeySchema'): {'max': 2},
    ('TableCreationParameters', 'KeySchema'): {'max': 2},
    # The service prints no value for these two.
    ('QueryInput', 'Limit'): {'flags': {'BARE_MIN'}},
    ('KeysAndAttributes', 'Keys'): {'flags': {'BARE_MAX'}},
    # Table names are keys here, and have one combined text.
    ('BatchGetItemInput', 'RequestItems'):
        {'key': 'TableName', 'flags': {'EMPTY_ALONE'}},
    ('BatchWriteItemInput', 'RequestItems'):
        {'key': 'TableName', 'flags': {'EMPTY_ALONE', 'VALUE_BOUNDS'}},
    # The tagging operations refuse a bad ARN with texts of their own.
    ('TagResourceInput', 'ResourceArn'): {'min': None, 'max': None},
    ('UntagResourceInput', 'ResourceArn'): {'min': None, 'max': None},
    ('ListTagsOfResourceInput', 'ResourceArn'): {'min': None, 'max': None},
    # Upper limits that only the API reference has.
    ('ListStreamsInput', 'Limit'): {'max': 100},
    ('DescribeStreamInput', 'Limit'): {'max': 100},
    ('GetRecordsInput', 'Limit'): {'max': 1000},
}

# Required members that differ from the model's.
REQUIRED = {
    # The model made these optional for replicas of a table elsewhere.
    'CreateTableInput': ['AttributeDefinitions', 'TableName', 'KeySchema'],
    # The tagging operations look at the ARN first, with texts of their own.
    'TagResourceInput': [],
    'UntagResourceInput': [],
    'ListTagsOfResourceInput': [],
}

# Order of reports, which is the service's and no other order one could guess;
# members not listed follow in the model's order.
REPORT_ORDER = {
    'QueryInput': 'Select IndexName ReturnConsumedCapacity QueryFilter '
                  'TableName ConditionalOperator AttributesToGet Limit '
                  'KeyConditions',
    'ScanInput': 'Select IndexName TotalSegments ReturnConsumedCapacity '
                 'TableName ConditionalOperator ScanFilter Segment Limit '
                 'AttributesToGet',
    'GetItemInput': 'ReturnConsumedCapacity AttributesToGet TableName Key',
    'PutItemInput': 'ReturnConsumedCapacity TableName Item '
                    'ConditionalOperator Expected ReturnValues '
                    'ReturnItemCollectionMetrics',
    'DeleteItemInput': 'ReturnConsumedCapacity TableName ReturnValues '
                       'ReturnItemCollectionMetrics Key ConditionalOperator '
                       'Expected',
    'UpdateItemInput': 'ReturnConsumedCapacity TableName '
                       'ReturnItemCollectionMetrics ReturnValues Key '
                       'ConditionalOperator Expected AttributeUpdates',
    'BatchGetItemInput': 'ReturnConsumedCapacity RequestItems',
    'BatchWriteItemInput': 'ReturnConsumedCapacity '
                           'ReturnItemCollectionMetrics RequestItems',
    'CreateTableInput': 'AttributeDefinitions TableName BillingMode '
                        'ProvisionedThroughput KeySchema '
                        'LocalSecondaryIndexes GlobalSecondaryIndexes',
    'UpdateTableInput': 'TableName ProvisionedThroughput BillingMode '
                        'GlobalSecondaryIndexUpdates',
    'ProvisionedThroughput': 'WriteCapacityUnits ReadCapacityUnits',
    'CreateGlobalSecondaryIndexAction': 'Projection IndexName '
                                        'ProvisionedThroughput KeySchema',
    'ListTablesInput': 'Limit ExclusiveStartTableName',
    'WriteRequest': 'DeleteRequest PutRequest',
}

SCALARS = {
    'string': ('STRING', 'java.lang.String'),
    'integer': ('INTEGER', 'java.lang.Integer'),
    'long': ('LONG', 'java.lang.Long'),
    'double': ('NUMBER', 'java.lang.Double'),
    'float': ('NUMBER', 'java.lang.Float'),
    'timestamp': ('NUMBER', 'java.util.Date'),
    'boolean': ('BOOLEAN', 'java.lang.Boolean'),
    'blob': ('BLOB', 'java.nio.ByteBuffer'),
}

HEAD = '''/*
 * request_shapes.c - the shapes of every operation's request, as data.
 *
 * Generated by scripts/generate_shapes.py; do not edit.
 *
 * Derived from the service models of DynamoDB and DynamoDB Streams in
 * botocore (https://github.com/boto/botocore), Copyright Amazon.com, Inc. or
 * its affiliates, licensed under the Apache License, Version 2.0
 * (http://www.apache.org/licenses/LICENSE-2.0).  Changed: reduced to the
 * requests' members and constraints, with the corrections listed in the
 * script.
 */
#include "postgres.h"

#include "api/request_shape.h"
'''


def snake(name):
    name = re.sub(r'(.)([A-Z][a-z]+)', r'\1_\2', name)
    return re.sub(r'([a-z0-9])([A-Z])', r'\1_\2', name).lower()


def fill(entries):
    """Comma-separated entries on indented lines of up to 78 columns."""
    lines = []
    for entry in entries:
        if lines and len(lines[-1]) + len(entry) + 2 <= 72:
            lines[-1] += ' ' + entry + ','
        else:
            lines.append(entry + ',')
    return '\n'.join('\t' + line for line in lines)[:-1]


class Generator:
    """Shapes of one or more service models, each content written once."""

    def __init__(self):
        self.model = None
        self.declared = {}      # (service, shape name, override) -> C name
        self.by_content = {}    # content of scalars, lists and maps -> C name
        self.names = set()
        self.forward = []
        self.body = []

    def unique(self, base):
        name, n = base, 2
        while name in self.names:
            name, n = f'{base}_{n}', n + 1
        self.names.add(name)
        return name

    def java_type(self, name):
        shape = self.model[name]
        kind = shape['type']
        if kind == 'structure':
            return PACKAGE + name
        if kind == 'list':
            element = self.java_type(shape['member']['shape'])
            return f'java.util.List<{element}>'
        if kind == 'map':
            value = self.java_type(shape['value']['shape'])
            return f'java.util.Map<java.lang.String, {value}>'
        return SCALARS[kind][1]

    def shape(self, service, name, override=None):
        """C name of a shape, which is written if it is new."""
        declared = (service, name, json.dumps(override, default=sorted))
        if declared in self.declared:
            return self.declared[declared]
        source = dict(self.model[name])
        source.update(SHAPES.get(name, {}))
        flags = set(source.get('flags', ())) | \
            set((override or {}).get('flags', ()))
        source.update(override or {})
        kind = source['type']

        if kind == 'structure':
            # known by name before its members: shapes are recursive
            c_name = self.unique('shape_' + snake(name))
            self.declared[declared] = c_name
            self.forward.append(c_name)
            self.structure(service, name, source, c_name)
            return c_name

        fields = [f'.java_type = "{self.java_type(name)}"',
                  '.kind = SHAPE_' + (SCALARS[kind][0] if kind in SCALARS
                                      else kind.upper())]
        pattern = source.get('pattern')
        if pattern == NAME_PATTERN:
            flags.add('NAME_PATTERN')
        elif pattern is not None and pattern not in IGNORED_PATTERNS:
            sys.exit(f'unknown pattern of {name}: {pattern}')
        for bound in ('min', 'max'):
            if source.get(bound) is not None:
                flags.add('HAS_' + bound.upper())
                fields.append(f'.{bound} = {source[bound]}')
        if flags:
            fields.append('.flags = ' +
                          ' | '.join('SHAPE_' + f for f in sorted(flags)))
        if kind == 'list':
            element = self.shape(service, source['member']['shape'])
            fields.append(f'.element = &{element}')
        elif kind == 'map':
            key_shape = source['key']
            if isinstance(key_shape, dict):
                key_shape = key_shape['shape']
            constraints = SHAPES.get(key_shape, self.model[key_shape])
            if {'min', 'max', 'pattern'} & set(constraints):
                key = self.shape(service, key_shape)
                fields.append(f'.key = &{key}')
            element = self.shape(service, source['value']['shape'])
            fields.append(f'.element = &{element}')
        values = source.get('enum')
        if values:
            if name in ENUM_ORDER:
                order = ENUM_ORDER[name].split()
                if sorted(order) != sorted(values):
                    sys.exit(f'enum {name} has changed: {values}')
                values = order

        content = (tuple(fields), tuple(values or ()))
        if content not in self.by_content:
            plain = kind in SCALARS and not flags and not values
            c_name = self.unique('shape_' + (kind if plain else snake(name)))
            if values:
                enum = c_name.replace('shape_', 'enum_', 1)
                quoted = [f'"{v}"' for v in values] + ['NULL']
                self.array(f'static const char *const {enum}[]', quoted)
                fields.append(f'.values = {enum}')
            self.forward.append(c_name)
            self.define(c_name, fields)
            self.by_content[content] = c_name
        self.declared[declared] = self.by_content[content]
        return self.declared[declared]

    def structure(self, service, name, source, c_name):
        required = REQUIRED.get(name, source.get('required', []))
        entries = {}
        for member, spec in source['members'].items():
            entries[member] = self.shape(service, spec['shape'],
                                         MEMBERS.get((name, member)))
        by_length = sorted(entries, key=lambda m: (len(m), m))
        if len(by_length) > 32:
            sys.exit(f'too many members: {name}')
        order = REPORT_ORDER.get(name, '').split()
        if set(order) - set(entries):
            sys.exit(f'unknown members in REPORT_ORDER of {name}')
        order += [m for m in entries if m not in order]

        fields = [f'.java_type = "{PACKAGE}{name}"',
                  '.kind = SHAPE_STRUCTURE']
        if by_length:
            suffix = c_name[len('shape_'):]
            lines = ',\n'.join(f'\t{{"{m}", {len(m)}, &{entries[m]}}}'
                               for m in by_length)
            self.body.append('static const ShapeMember '
                             f'members_{suffix}[] =\n{{\n{lines}\n}};')
            self.array(f'static const uint8 order_{suffix}[]',
                       [str(by_length.index(m)) for m in order])
            fields.append(f'.nmembers = {len(by_length)}')
            if required:
                mask = sum(1 << by_length.index(m) for m in required)
                fields.append(f'.required = {mask:#x}')
            fields += [f'.members = members_{suffix}',
                       f'.order = order_{suffix}']
        self.define(c_name, fields)

    def define(self, c_name, fields):
        self.array(f'static const Shape {c_name}', fields)
        self.body.append('')

    def array(self, declaration, entries):
        self.body.append(f'{declaration} =\n{{\n{fill(entries)}\n}};')


def load(directory, service):
    path = os.path.join(directory, service, VERSION, 'service-2.json')
    if os.path.exists(path):
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    with gzip.open(path + '.gz', 'rt', encoding='utf-8') as file:
        return json.load(file)


def main():
    if len(sys.argv) > 1:
        directory = sys.argv[1]
    else:
        import botocore
        directory = os.path.join(os.path.dirname(botocore.__file__), 'data')

    generator = Generator()
    operations = {}
    for service in SERVICES:
        model = load(directory, service)
        generator.model = model['shapes']
        for name, operation in model['operations'].items():
            operations[name] = generator.shape(service,
                                               operation['input']['shape'])

    print(HEAD)
    print(f'static const Shape\n{fill(generator.forward)};\n')
    print('\n'.join(generator.body))
    print('const OperationShape operation_shapes[] =\n{')
    for name in sorted(operations):
        alone = 'true' if name in TABLE_OPERATIONS else 'false'
        comma = '' if name == max(operations) else ','
        print(f'\t{{"{name}", {len(name)}, {alone}, &{operations[name]}}}'
              f'{comma}')
    print('};\n')
    print('const int\toperation_shapes_count = lengthof(operation_shapes);')


if __name__ == '__main__':
    main()
