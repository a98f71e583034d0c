#!/usr/bin/python3
"""boto3, its client and its resource, with Debian's python3-boto3."""
import datetime
import json
import os
import time
import unittest
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

import tap

OPTIONS = {
    'endpoint_url': os.environ['DYNAMO_ENDPOINT'],
    'region_name': os.environ['AWS_REGION'],
}
CONFIG = Config(retries={'max_attempts': 1}, connect_timeout=10, read_timeout=60)
PREFIX = 'boto3-%d-' % os.getpid()

client = boto3.client('dynamodb', config=CONFIG, **OPTIONS)
resource = boto3.resource('dynamodb', config=CONFIG, **OPTIONS)


def reader():
    """A client with the key of the role that may only read."""
    return boto3.client(
        'dynamodb', config=CONFIG,
        aws_access_key_id=os.environ['READER_ACCESS_KEY_ID'],
        aws_secret_access_key=os.environ['READER_SECRET_ACCESS_KEY'],
        **OPTIONS)


def create_table(name, **more):
    """A table with keys pk (S) and sk (N), once it is active."""
    table = resource.create_table(
        TableName=PREFIX + name,
        AttributeDefinitions=[
            {'AttributeName': 'pk', 'AttributeType': 'S'},
            {'AttributeName': 'sk', 'AttributeType': 'N'},
        ] + more.pop('definitions', []),
        KeySchema=[
            {'AttributeName': 'pk', 'KeyType': 'HASH'},
            {'AttributeName': 'sk', 'KeyType': 'RANGE'},
        ],
        BillingMode='PAY_PER_REQUEST', **more)
    table.wait_until_exists()
    return table


class Case(unittest.TestCase):
    """A test case with a check of the service's errors."""

    def assertFails(self, code, message, status, function, *args, **kwargs):
        """The call must fail with this error; returns the exception."""
        with self.assertRaises(ClientError) as caught:
            function(*args, **kwargs)
        error = caught.exception
        self.assertEqual(error.response['Error']['Code'], code)
        self.assertEqual(error.response['Error']['Message'], message)
        metadata = error.response['ResponseMetadata']
        self.assertEqual(metadata['HTTPStatusCode'], status)
        self.assertRegex(metadata['RequestId'], '^[A-Z0-9]{52}$')
        return error


class Tables(Case):
    """Operations on tables."""

    def test_life_of_a_table(self):
        """a table from its creation to its end"""
        started = time.time()
        name = PREFIX + 'life'
        made = client.create_table(
            TableName=name,
            AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'B'}],
            KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}],
            ProvisionedThroughput={'ReadCapacityUnits': 5, 'WriteCapacityUnits': 6})
        made = made['TableDescription']
        self.assertEqual(made['TableStatus'], 'CREATING')
        self.assertEqual(made['ItemCount'], 0)
        self.assertEqual(made['ProvisionedThroughput']['ReadCapacityUnits'], 5)
        self.assertAlmostEqual(made['CreationDateTime'].timestamp(), started, delta=60)
        client.get_waiter('table_exists').wait(TableName=name)

        table = client.describe_table(TableName=name)['Table']
        self.assertEqual(table['TableStatus'], 'ACTIVE')
        for member in ('TableName', 'TableId', 'TableArn', 'CreationDateTime',
                       'KeySchema', 'AttributeDefinitions'):
            self.assertEqual(table[member], made[member], member)

        self.assertFails('ResourceInUseException', 'Table already exists: ' + name,
                         400, client.create_table, TableName=name,
                         AttributeDefinitions=made['AttributeDefinitions'],
                         KeySchema=made['KeySchema'], BillingMode='PAY_PER_REQUEST')

        changed = client.update_table(TableName=name, ProvisionedThroughput={
            'ReadCapacityUnits': 7, 'WriteCapacityUnits': 6})['TableDescription']
        self.assertEqual(changed['TableStatus'], 'UPDATING')
        client.get_waiter('table_exists').wait(TableName=name)
        table = client.describe_table(TableName=name)['Table']
        self.assertEqual(table['ProvisionedThroughput']['ReadCapacityUnits'], 7)
        self.assertEqual(table['ProvisionedThroughput']['WriteCapacityUnits'], 6)

        gone = client.delete_table(TableName=name)['TableDescription']
        self.assertEqual(gone['TableStatus'], 'DELETING')
        self.assertNotIn('KeySchema', gone)
        self.assertNotIn('CreationDateTime', gone)
        client.get_waiter('table_not_exists').wait(TableName=name)
        with self.assertRaises(client.exceptions.ResourceNotFoundException):
            client.describe_table(TableName=name)
        self.assertFails('ResourceNotFoundException',
                         'Requested resource not found: Table: %s not found' % name,
                         400, client.delete_table, TableName=name)

    def test_tags(self):
        """tags from CreateTable on, and with the paginator"""
        table = create_table('tags', Tags=[{'Key': 'Owner', 'Value': 'me'}])
        self.addCleanup(table.delete)
        arn = table.table_arn

        def tags():
            pages = client.get_paginator('list_tags_of_resource').paginate(ResourceArn=arn)
            return {tag['Key']: tag['Value'] for page in pages for tag in page['Tags']}

        self.assertEqual(tags(), {'Owner': 'me'})
        answer = client.tag_resource(ResourceArn=arn, Tags=[
            {'Key': 'Owner', 'Value': 'you'}, {'Key': '\u017c\u00f3\u0142\u0107', 'Value': ''}])
        self.assertEqual(list(answer), ['ResponseMetadata'])
        self.assertEqual(answer['ResponseMetadata']['HTTPHeaders']['content-length'], '0')
        self.assertEqual(tags(), {'Owner': 'you', '\u017c\u00f3\u0142\u0107': ''})
        client.untag_resource(ResourceArn=arn, TagKeys=['Owner', 'none'])
        self.assertEqual(tags(), {'\u017c\u00f3\u0142\u0107': ''})
        client.tag_resource(ResourceArn=arn, Tags=[
            {'Key': 'k%d' % i, 'Value': str(i)} for i in range(49)])
        self.assertEqual(len(tags()), 50)
        self.assertFails('ValidationException',
                         'Atleast one Tag needs to be provided as Input.', 400,
                         client.tag_resource, ResourceArn=arn, Tags=[])
        self.assertFails('ResourceNotFoundException',
                         'Requested resource not found: ResourcArn: %s-none not found' % arn,
                         400, client.list_tags_of_resource, ResourceArn=arn + '-none')

    def test_time_to_live(self):
        """TTL: its settings, and items that expire"""
        table = create_table('ttl')
        self.addCleanup(table.delete)
        client.get_waiter('table_exists').wait(TableName=table.name)

        def described():
            return client.describe_time_to_live(TableName=table.name)['TimeToLiveDescription']

        def update(attribute, enabled):
            return client.update_time_to_live(
                TableName=table.name, TimeToLiveSpecification={
                    'AttributeName': attribute, 'Enabled': enabled})['TimeToLiveSpecification']

        self.assertEqual(described(), {'TimeToLiveStatus': 'DISABLED'})
        self.assertEqual(update('expires', True), {'AttributeName': 'expires', 'Enabled': True})
        self.assertEqual(described(), {
            'TimeToLiveStatus': 'ENABLED', 'AttributeName': 'expires'})
        self.assertFails('ValidationException', 'TimeToLive is already enabled', 400,
                         update, 'expires', True)

        now = int(time.time())
        keys = [attribute['AttributeName'] for attribute in table.key_schema]
        self.assertEqual(keys, ['pk', 'sk'])
        for i, expires in enumerate([now - 60, str(now - 60), now + 3600, now - 6 * 366 * 86400]):
            table.put_item(Item={'pk': 'ttl', 'sk': i, 'expires': expires})
        for _ in range(300):
            left = [int(item['sk']) for item in table.scan()['Items']]
            if 0 not in left:
                break
            time.sleep(0.1)
        self.assertEqual(sorted(left), [1, 2, 3])
        self.assertEqual(update('expires', False), {'AttributeName': 'expires', 'Enabled': False})
        self.assertFails('ValidationException', 'TimeToLive is already disabled', 400,
                         update, 'expires', False)

    def test_limits_and_endpoints(self):
        """DescribeLimits and DescribeEndpoints"""
        self.assertEqual(client.describe_limits()['TableMaxReadCapacityUnits'], 40000)
        self.assertEqual(client.describe_endpoints()['Endpoints'], [
            {'Address': OPTIONS['endpoint_url'].split('//')[1], 'CachePeriodInMinutes': 1440}])

    def test_list_tables(self):
        """ListTables, by the paginator and by the resource"""
        tables = [create_table('list-%d' % i) for i in range(3)]
        self.addCleanup(lambda: [t.delete() for t in tables])
        expected = [t.name for t in tables]
        pages = list(client.get_paginator('list_tables').paginate(
            PaginationConfig={'PageSize': 1}))
        self.assertTrue(all(len(p['TableNames']) <= 1 for p in pages))
        names = [n for p in pages for n in p['TableNames']]
        self.assertEqual([n for n in names if n in expected], expected)
        self.assertEqual(sorted(names), names)
        names = [t.name for t in resource.tables.all()]
        self.assertEqual([n for n in names if n in expected], expected)
        self.assertFails('ValidationException',
                         "1 validation error detected: Value '101' at 'limit' failed to "
                         'satisfy constraint: Member must have value less than or '
                         'equal to 100',
                         400, client.list_tables, Limit=101)


class Streams(Case):
    """The change feed."""

    def test_stream(self):
        """a stream from its beginning to its end"""
        streams = boto3.client('dynamodbstreams', config=CONFIG, **OPTIONS)
        table = create_table('stream', StreamSpecification={
            'StreamEnabled': True, 'StreamViewType': 'NEW_AND_OLD_IMAGES'})
        self.addCleanup(table.delete)
        arn = table.latest_stream_arn

        def wait(status):
            for _ in range(200):
                stream = streams.describe_stream(StreamArn=arn)['StreamDescription']
                if stream['StreamStatus'] == status:
                    return stream
                time.sleep(0.05)
            return self.fail('the stream is not ' + status)

        for shard in wait('ENABLED')['Shards']:
            self.assertNotIn('EndingSequenceNumber', shard['SequenceNumberRange'])
        table.put_item(Item={'pk': 'a', 'sk': 1, 'v': 'x'})
        table.put_item(Item={'pk': 'a', 'sk': 1, 'v': Binary(b'\x00y')})
        table.delete_item(Key={'pk': 'a', 'sk': 1})
        table.meta.client.update_table(
            TableName=table.name, StreamSpecification={'StreamEnabled': False})
        events = []
        for shard in wait('DISABLED')['Shards']:
            self.assertIn('EndingSequenceNumber', shard['SequenceNumberRange'])
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard['ShardId'],
                ShardIteratorType='TRIM_HORIZON')['ShardIterator']
            while iterator:
                page = streams.get_records(ShardIterator=iterator, Limit=2)
                events += [(record['eventName'], record['dynamodb'].get('NewImage', {}).get('v'),
                            record['dynamodb'].get('OldImage', {}).get('v'))
                           for record in page['Records']]
                iterator = page.get('NextShardIterator')
        self.assertEqual(events, [('INSERT', {'S': 'x'}, None),
                                  ('MODIFY', {'B': b'\x00y'}, {'S': 'x'}),
                                  ('REMOVE', None, {'B': b'\x00y'})])
        self.assertEqual([stream['StreamArn'] for stream in streams.list_streams(
            TableName=table.name)['Streams']], [arn])
        self.assertFails('ResourceNotFoundException',
                         'Requested resource not found: Stream: %s0 not found' % arn, 400,
                         streams.describe_stream, StreamArn=arn + '0')


class Items(Case):
    """Operations on items, on one table."""

    @classmethod
    def setUpClass(cls):
        cls.table = create_table('items')
        cls.name = cls.table.name

    @classmethod
    def tearDownClass(cls):
        cls.table.delete()

    def test_types_of_the_resource(self):
        """all ten types through the resource's type mapping"""
        item = {
            'pk': 'types', 'sk': Decimal(1),
            's': 'Grüße, \U0001F600 \x00 "quoted" \u2028',
            'empty': '',
            'n': Decimal('12345678901234567890.123456789012345678'),
            'tiny': Decimal('-1E-130'),
            'b': Binary(bytes(range(256))),
            'no bytes': Binary(b''),
            'yes': True, 'no': False, 'none': None,
            'l': [Decimal(1), 'two', [Decimal(3), {}], None],
            'm': {'a': {'b': {'c': [True, {'d': Binary(b'\0\xff')}]}}},
            'ss': {'b', 'a', 'ä'},
            'ns': {Decimal('1'), Decimal('2.5'), Decimal('-3')},
            'bs': {Binary(b'1'), Binary(b'\0')},
        }
        self.assertEqual(
            self.table.put_item(Item=item)['ResponseMetadata']['HTTPStatusCode'], 200)
        got = self.table.get_item(Key={'pk': 'types', 'sk': 1})['Item']
        self.assertEqual(got, item)
        self.assertIsInstance(got['n'], Decimal)
        self.assertIsInstance(got['b'], Binary)
        self.assertIsInstance(got['ss'], set)

    def test_types_of_the_client(self):
        """all ten types through the client"""
        item = {
            'pk': {'S': 'client'}, 'sk': {'N': '1'},
            'n': {'N': '-0.5'}, 'b': {'B': b'\x00\x01'},
            'bool': {'BOOL': False}, 'null': {'NULL': True},
            'l': {'L': [{'S': 'x'}, {'L': []}]}, 'm': {'M': {'k': {'M': {}}}},
            'ss': {'SS': ['a', 'b']}, 'ns': {'NS': ['1', '2']}, 'bs': {'BS': [b'1', b'2']},
        }
        client.put_item(TableName=self.name, Item=item)
        got = client.get_item(TableName=self.name, ConsistentRead=True, Key={
            'pk': {'S': 'client'}, 'sk': {'N': '1'}})['Item']
        for name in ('SS', 'NS', 'BS'):
            got[name.lower()][name].sort()
        self.assertEqual(got, item)
        for sent, stored in (('00042', '42'), ('1.0', '1'), ('1.5E2', '150'), ('-0', '0')):
            client.put_item(TableName=self.name, Item={
                'pk': {'S': 'number'}, 'sk': {'N': '1'}, 'n': {'N': sent}})
            got = client.get_item(TableName=self.name, Key={
                'pk': {'S': 'number'}, 'sk': {'N': '1.00'}})['Item']
            self.assertEqual(got['n'], {'N': stored})

    def test_get(self):
        """GetItem: projection, and an item that is not there"""
        self.table.put_item(Item={'pk': 'get', 'sk': 1, 'a': {'b': [1, 2, 3]}, 'size': 'L'})
        got = self.table.get_item(Key={'pk': 'get', 'sk': 1},
                                  ProjectionExpression='a.b[1], #s',
                                  ExpressionAttributeNames={'#s': 'size'})
        self.assertEqual(got['Item'], {'a': {'b': [2]}, 'size': 'L'})
        self.assertNotIn('Item', self.table.get_item(Key={'pk': 'get', 'sk': 2}))

    def test_put_returns(self):
        """PutItem returns the old item"""
        item = {'pk': 'put', 'sk': 1, 'v': 'old'}
        self.assertNotIn('Attributes', self.table.put_item(Item=item, ReturnValues='ALL_OLD'))
        old = self.table.put_item(Item={'pk': 'put', 'sk': 1}, ReturnValues='ALL_OLD')
        self.assertEqual(old['Attributes'], item)

    def test_update(self):
        """UpdateItem: all four clauses and return values"""
        key = {'pk': 'update', 'sk': 1}
        new = self.table.update_item(
            Key=key, ReturnValues='ALL_NEW',
            UpdateExpression='SET a = :a, l = :l ADD n :n, ss :ss',
            ExpressionAttributeValues={':a': {'b': 1}, ':l': ['x'], ':n': 5, ':ss': {'p', 'q'}})
        self.assertEqual(new['Attributes'], {**key, 'a': {'b': 1}, 'l': ['x'], 'n': 5,
                                             'ss': {'p', 'q'}})
        new = self.table.update_item(
            Key=key, ReturnValues='UPDATED_NEW',
            UpdateExpression='SET a.c = if_not_exists(a.c, :z) + :one, '
                             'l = list_append(l, :l) REMOVE a.b DELETE ss :p',
            ExpressionAttributeValues={':z': 0, ':one': Decimal('1.5'), ':l': ['y'], ':p': {'p'}})
        self.assertEqual(new['Attributes'], {'a': {'c': Decimal('1.5')}, 'l': ['x', 'y'],
                                             'ss': {'q'}})
        old = self.table.update_item(
            Key=key, ReturnValues='UPDATED_OLD', UpdateExpression='SET n = n - :two',
            ExpressionAttributeValues={':two': 2})
        self.assertEqual(old['Attributes'], {'n': 5})
        self.assertEqual(self.table.get_item(Key=key)['Item']['n'], 3)

    def test_delete(self):
        """DeleteItem returns the old item, and not twice"""
        item = {'pk': 'delete', 'sk': 1, 'v': [None]}
        self.table.put_item(Item=item)
        gone = self.table.delete_item(Key={'pk': 'delete', 'sk': 1}, ReturnValues='ALL_OLD')
        self.assertEqual(gone['Attributes'], item)
        gone = self.table.delete_item(Key={'pk': 'delete', 'sk': 1}, ReturnValues='ALL_OLD')
        self.assertNotIn('Attributes', gone)

    def test_legacy(self):
        """the parameters that came before expressions"""
        key = {'pk': 'legacy', 'sk': 1}
        put = {'Item': {**key, 'n': 5, 'tags': {'a', 'b'}}, 'Expected': {'pk': {'Exists': False}}}
        self.table.put_item(**put)
        with self.assertRaises(client.exceptions.ConditionalCheckFailedException):
            self.table.put_item(**put)
        new = self.table.update_item(
            Key=key, ReturnValues='UPDATED_NEW',
            AttributeUpdates={'n': {'Action': 'ADD', 'Value': Decimal('0.5')},
                              'tags': {'Action': 'DELETE', 'Value': {'a'}},
                              'l': {'Action': 'ADD', 'Value': [b'\xff']}},
            Expected={'n': {'ComparisonOperator': 'IN', 'AttributeValueList': [4, 5]},
                      'l': {'ComparisonOperator': 'NULL'}},
            ConditionalOperator='AND')
        self.assertEqual(new['Attributes'], {'n': Decimal('5.5'), 'tags': {'b'}, 'l': [b'\xff']})
        equal = {'ComparisonOperator': 'EQ', 'AttributeValueList': ['legacy']}
        got = self.table.query(
            KeyConditions={'pk': equal}, AttributesToGet=['n'],
            QueryFilter={'tags': {'ComparisonOperator': 'CONTAINS', 'AttributeValueList': ['b']}})
        self.assertEqual(got['Items'], [{'n': Decimal('5.5')}])
        got = self.table.scan(ScanFilter={'pk': equal}, Select='COUNT')
        self.assertEqual(got['Count'], 1)
        self.table.delete_item(Key=key, Expected={'tags': {'Value': {'b'}}})
        self.assertNotIn('Item', self.table.get_item(Key=key))

    def test_conditions(self):
        """conditions with Attr and Key: true, false, and of every kind"""
        key = {'pk': 'condition', 'sk': 1}
        self.table.put_item(Item={**key, 's': 'middle', 'n': 5, 'l': ['a'], 'status': 'on',
                                  'm': {'x': 1}})
        true = [
            Attr('pk').exists(), Attr('absent').not_exists(), Attr('s').eq('middle'),
            Attr('s').ne('x'), Attr('n').lt(6), Attr('n').lte(5), Attr('n').gt(4),
            Attr('n').gte(5), Attr('n').between(5, 6), Attr('n').is_in([1, 5]),
            Attr('s').begins_with('mid'), Attr('s').contains('ddl'), Attr('l').contains('a'),
            Attr('l').attribute_type('L'), Attr('s').size().eq(6), Attr('m.x').eq(1),
            Attr('l[0]').eq('a'), Attr('status').eq('on') & (Attr('n').eq(0) | ~Attr('n').eq(0)),
        ]
        for condition in true:
            self.table.update_item(
                Key=key, UpdateExpression='SET touched = :t',
                ExpressionAttributeValues={':t': 1}, ConditionExpression='attribute_exists(pk)')
            self.table.put_item(Item={**key, 's': 'middle', 'n': 5, 'l': ['a'],
                                      'status': 'on', 'm': {'x': 1}},
                                ConditionExpression=condition)
            self.assertFails('ConditionalCheckFailedException',
                             'The conditional request failed', 400,
                             self.table.put_item, Item=key, ConditionExpression=~condition)
        with self.assertRaises(client.exceptions.ConditionalCheckFailedException):
            self.table.delete_item(Key=key, ConditionExpression=Attr('n').eq(6))
        self.assertEqual(self.table.get_item(Key=key)['Item']['n'], 5)

    @unittest.skipIf('ReturnValuesOnConditionCheckFailure' not in client.meta.service_model.
                     operation_model('PutItem').input_shape.members,
                     'this botocore does not know ReturnValuesOnConditionCheckFailure')
    def test_condition_returns_item(self):
        """the item comes with a condition that failed"""
        item = {'pk': {'S': 'returned'}, 'sk': {'N': '1'}, 'v': {'S': 'here'}}
        client.put_item(TableName=self.name, Item=item)
        error = self.assertFails(
            'ConditionalCheckFailedException', 'The conditional request failed', 400,
            client.put_item, TableName=self.name, Item=item,
            ConditionExpression='attribute_not_exists(pk)',
            ReturnValuesOnConditionCheckFailure='ALL_OLD')
        self.assertEqual(error.response['Item'], item)

    def test_validation(self):
        """errors of validation, with their texts"""
        for message, call, options in (
                ('The provided key element does not match the schema',
                 self.table.get_item, {'Key': {'pk': 'x'}}),
                ('One or more parameter values were invalid: Missing the key sk in the item',
                 self.table.put_item, {'Item': {'pk': 'x'}}),
                ('One or more parameter values were invalid: Type mismatch for key sk '
                 'expected: N actual: S',
                 self.table.put_item, {'Item': {'pk': 'x', 'sk': 'y'}}),
                ('Invalid UpdateExpression: An expression attribute value used in expression '
                 'is not defined; attribute value: :v',
                 self.table.update_item,
                 {'Key': {'pk': 'x', 'sk': 1}, 'UpdateExpression': 'SET a = :v'}),
                ('ExpressionAttributeNames can only be specified when using expressions',
                 self.table.get_item,
                 {'Key': {'pk': 'x', 'sk': 1}, 'ExpressionAttributeNames': {'#a': 'a'}}),
                ("1 validation error detected: Value 'SOME' at 'returnValues' failed to "
                 'satisfy constraint: Member must satisfy enum value set: [ALL_NEW, '
                 'UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]',
                 self.table.delete_item, {'Key': {'pk': 'x', 'sk': 1}, 'ReturnValues': 'SOME'}),
                ('Item size has exceeded the maximum allowed size',
                 self.table.put_item, {'Item': {'pk': 'x', 'sk': 1, 'v': 'x' * 409600}}),
        ):
            with self.subTest(message):
                self.assertFails('ValidationException', message, 400, call, **options)
        self.assertFails('ResourceNotFoundException', 'Requested resource not found', 400,
                         client.get_item, TableName=PREFIX + 'absent', Key={'pk': {'S': 'x'}})


class Queries(Case):
    """Query and Scan, on a table with indexes."""

    @classmethod
    def setUpClass(cls):
        cls.table = create_table(
            'queries',
            definitions=[{'AttributeName': 'kind', 'AttributeType': 'S'},
                         {'AttributeName': 'weight', 'AttributeType': 'N'}],
            LocalSecondaryIndexes=[{
                'IndexName': 'by-weight',
                'KeySchema': [{'AttributeName': 'pk', 'KeyType': 'HASH'},
                              {'AttributeName': 'weight', 'KeyType': 'RANGE'}],
                'Projection': {'ProjectionType': 'KEYS_ONLY'}}],
            GlobalSecondaryIndexes=[{
                'IndexName': 'by-kind',
                'KeySchema': [{'AttributeName': 'kind', 'KeyType': 'HASH'},
                              {'AttributeName': 'weight', 'KeyType': 'RANGE'}],
                'Projection': {'ProjectionType': 'INCLUDE', 'NonKeyAttributes': ['label']}}])
        cls.name = cls.table.name
        # Every fifth item is in no index
        for pk in 'ab':
            for sk in range(20):
                item = {'pk': pk, 'sk': sk, 'label': '%s%d' % (pk, sk), 'filler': 'x' * 100}
                if sk % 5:
                    item.update(kind='even' if sk % 2 == 0 else 'odd', weight=-sk)
                cls.table.put_item(Item=item)

    @classmethod
    def tearDownClass(cls):
        cls.table.delete()

    def numbers(self, condition, **options):
        """The sort keys of the items of a query."""
        got = self.table.query(KeyConditionExpression=condition, **options)
        self.assertEqual(got['Count'], len(got['Items']))
        return [int(i['sk']) for i in got['Items']]

    def test_key_conditions(self):
        """every key condition"""
        a = Key('pk').eq('a')
        for condition, expected in (
                (a, range(20)),
                (a & Key('sk').eq(7), [7]),
                (a & Key('sk').lt(3), [0, 1, 2]),
                (a & Key('sk').lte(2), [0, 1, 2]),
                (a & Key('sk').gt(17), [18, 19]),
                (a & Key('sk').gte(18), [18, 19]),
                (a & Key('sk').between(5, 7), [5, 6, 7]),
                (Key('pk').eq('none'), [])):
            self.assertEqual(self.numbers(condition), list(expected))
            self.assertEqual(self.numbers(condition, ScanIndexForward=False),
                             list(expected)[::-1])

    def test_pages(self):
        """Query in pages, by hand and by the paginator"""
        numbers, start, pages = [], {}, 0
        while True:
            got = self.table.query(KeyConditionExpression=Key('pk').eq('a'), Limit=7, **start)
            numbers += [int(i['sk']) for i in got['Items']]
            pages += 1
            if 'LastEvaluatedKey' not in got:
                break
            self.assertEqual(set(got['LastEvaluatedKey']), {'pk', 'sk'})
            start = {'ExclusiveStartKey': got['LastEvaluatedKey']}
        self.assertEqual((numbers, pages), (list(range(20)), 3))
        pages = list(client.get_paginator('query').paginate(
            TableName=self.name, KeyConditionExpression='pk = :a',
            FilterExpression='label <> :l',
            ExpressionAttributeValues={':a': {'S': 'a'}, ':l': {'S': 'a3'}},
            PaginationConfig={'PageSize': 6, 'MaxItems': 12}))
        self.assertEqual([int(i['sk']['N']) for p in pages for i in p['Items']],
                         [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12])

    def test_filter(self):
        """a filter counts what was read, and Select=COUNT returns no items"""
        got = self.table.query(KeyConditionExpression=Key('pk').eq('a'),
                               FilterExpression=Attr('weight').not_exists())
        self.assertEqual((got['Count'], got['ScannedCount']), (4, 20))
        got = self.table.query(KeyConditionExpression=Key('pk').eq('a'), Select='COUNT')
        self.assertEqual((got['Count'], got['ScannedCount']), (20, 20))
        self.assertNotIn('Items', got)

    def test_global_index(self):
        """Query of a global index: order, projection, pages"""
        condition = Key('kind').eq('even') & Key('weight').lt(-12)
        got = self.table.query(IndexName='by-kind', KeyConditionExpression=condition)
        self.assertEqual([i['weight'] for i in got['Items']], [-18, -18, -16, -16, -14, -14])
        self.assertEqual(set(got['Items'][0]), {'pk', 'sk', 'kind', 'weight', 'label'})
        pages = list(client.get_paginator('query').paginate(
            TableName=self.name, IndexName='by-kind', KeyConditionExpression='kind = :k',
            ExpressionAttributeValues={':k': {'S': 'odd'}},
            ScanIndexForward=False, PaginationConfig={'PageSize': 3}))
        self.assertEqual(set(pages[0]['LastEvaluatedKey']), {'pk', 'sk', 'kind', 'weight'})
        weights = [int(i['weight']['N']) for p in pages for i in p['Items']]
        self.assertEqual(weights, sorted(2 * [-s for s in range(20) if s % 5 and s % 2],
                                         reverse=True))
        self.assertEqual(len({(i['pk']['S'], i['sk']['N']) for p in pages for i in p['Items']}),
                         len(weights))
        self.assertFails('ValidationException',
                         'Consistent reads are not supported on global secondary indexes', 400,
                         self.table.query, IndexName='by-kind', ConsistentRead=True,
                         KeyConditionExpression=condition)

    def test_local_index(self):
        """Query of a local index: order, projection, attributes of the table"""
        condition = Key('pk').eq('a') & Key('weight').gte(-3)
        got = self.table.query(IndexName='by-weight', KeyConditionExpression=condition,
                               ConsistentRead=True)
        self.assertEqual([i['weight'] for i in got['Items']], [-3, -2, -1])
        self.assertEqual(set(got['Items'][0]), {'pk', 'sk', 'weight'})
        got = self.table.query(IndexName='by-weight', KeyConditionExpression=condition,
                               Select='ALL_ATTRIBUTES')
        self.assertEqual(got['Items'][0]['label'], 'a3')

    def test_index_follows_writes(self):
        """an index follows updates and deletes"""
        key = {'pk': 'moving', 'sk': 1}

        def weights():
            got = self.table.query(IndexName='by-kind',
                                   KeyConditionExpression=Key('kind').eq('moving'))
            return [i['weight'] for i in got['Items']]

        self.table.put_item(Item={**key, 'kind': 'moving', 'weight': 1})
        self.assertEqual(weights(), [1])
        self.table.update_item(Key=key, UpdateExpression='SET weight = :w',
                               ExpressionAttributeValues={':w': 2})
        self.assertEqual(weights(), [2])
        self.table.update_item(Key=key, UpdateExpression='REMOVE weight')
        self.assertEqual(weights(), [])
        self.table.delete_item(Key=key)
        self.assertFails('ValidationException',
                         'One or more parameter values were invalid: Type mismatch for Index '
                         'Key kind Expected: S Actual: N IndexName: by-kind', 400,
                         self.table.put_item,
                         Item={'pk': 'wrong', 'sk': 1, 'kind': 1, 'weight': 1})

    def test_scan(self):
        """Scan: pages, filter, segments"""
        pages = list(client.get_paginator('scan').paginate(
            TableName=self.name, PaginationConfig={'PageSize': 9}))
        keys = [(i['pk']['S'], int(i['sk']['N'])) for p in pages for i in p['Items']]
        self.assertEqual(sorted(keys), [(pk, sk) for pk in 'ab' for sk in range(20)])
        got = self.table.scan(FilterExpression=Attr('label').begins_with('b1')
                              & Attr('weight').exists())
        self.assertEqual(sorted(int(i['sk']) for i in got['Items']),
                         [1, 11, 12, 13, 14, 16, 17, 18, 19])
        self.assertEqual(got['ScannedCount'], 40)
        parts = []
        for segment in range(4):
            got = self.table.scan(Segment=segment, TotalSegments=4)
            parts += [(i['pk'], int(i['sk'])) for i in got['Items']]
        self.assertEqual(sorted(parts), sorted(keys))
        got = self.table.scan(IndexName='by-kind', ProjectionExpression='label')
        self.assertEqual(got['Count'], 32)
        self.assertEqual(set(got['Items'][0]), {'label'})

    def test_large_pages(self):
        """pages end at 1 MB, and a paginator reads them all"""
        for sk in range(20):
            self.table.put_item(Item={'pk': 'large', 'sk': sk, 'v': 'x' * 150000})
        pages = list(client.get_paginator('query').paginate(
            TableName=self.name, KeyConditionExpression='pk = :p',
            ExpressionAttributeValues={':p': {'S': 'large'}}))
        sizes = [p['Count'] for p in pages]
        self.assertEqual(sum(sizes), 20)
        self.assertEqual(sizes[:2], [7, 7])
        for sk in range(20):
            self.table.delete_item(Key={'pk': 'large', 'sk': sk})


@unittest.skipUnless(os.environ.get('DYNAMO_AUTH'), 'authentication is not tested')
class Authorization(Case):
    """Signatures and roles."""

    INVALID_KEY = 'The security token included in the request is invalid.'

    @classmethod
    def setUpClass(cls):
        cls.table = create_table('authorization')
        cls.name = cls.table.name
        cls.table.put_item(Item={'pk': 'a', 'sk': 1})

    @classmethod
    def tearDownClass(cls):
        cls.table.delete()

    def test_unknown_key(self):
        """an access key that nobody has"""
        stranger = boto3.client('dynamodb', config=CONFIG,
                                aws_access_key_id='AKIAIOSFODNN7EXAMPLE',
                                aws_secret_access_key='secret', **OPTIONS)
        self.assertFails('UnrecognizedClientException', self.INVALID_KEY, 400,
                         stranger.list_tables)

    def test_wrong_secret(self):
        """a secret that is not the key's"""
        stranger = boto3.client('dynamodb', config=CONFIG,
                                aws_access_key_id=os.environ['AWS_ACCESS_KEY_ID'],
                                aws_secret_access_key='secret', **OPTIONS)
        with self.assertRaises(ClientError) as caught:
            stranger.list_tables()
        self.assertEqual(caught.exception.response['Error']['Code'],
                         'UnrecognizedClientException')
        self.assertEqual(caught.exception.response['ResponseMetadata']['HTTPStatusCode'], 400)

    def test_anonymous(self):
        """a request that is not signed"""
        anonymous = boto3.client(
            'dynamodb', config=CONFIG.merge(Config(signature_version=UNSIGNED)), **OPTIONS)
        self.assertFails('MissingAuthenticationTokenException',
                         'Request is missing Authentication Token', 400,
                         anonymous.list_tables)

    def test_reader_reads(self):
        """a role with SELECT reads"""
        client_of_reader = reader()
        key = {'pk': {'S': 'a'}, 'sk': {'N': '1'}}
        self.assertEqual(client_of_reader.get_item(TableName=self.name, Key=key)['Item'], key)
        self.assertEqual(client_of_reader.scan(TableName=self.name)['Count'], 1)
        self.assertEqual(client_of_reader.describe_table(
            TableName=self.name)['Table']['TableName'], self.name)

    def test_reader_does_not_write(self):
        """a role with SELECT does not write"""
        client_of_reader = reader()
        key = {'pk': {'S': 'a'}, 'sk': {'N': '1'}}
        calls = [
            (client_of_reader.put_item, {'Item': {**key, 'v': {'S': 'x'}}}),
            (client_of_reader.update_item, {'Key': key}),
            (client_of_reader.delete_item, {'Key': key}),
            (client_of_reader.delete_table, {}),
            (client_of_reader.update_table, {'BillingMode': 'PAY_PER_REQUEST'}),
            (client_of_reader.create_table, {
                'AttributeDefinitions': [{'AttributeName': 'a', 'AttributeType': 'S'}],
                'KeySchema': [{'AttributeName': 'a', 'KeyType': 'HASH'}],
                'BillingMode': 'PAY_PER_REQUEST'}),
        ]
        for call, options in calls:
            name = PREFIX + 'denied' if 'KeySchema' in options else self.name
            with self.assertRaises(ClientError, msg=call.__name__) as caught:
                call(TableName=name, **options)
            self.assertEqual(caught.exception.response['Error']['Code'],
                             'AccessDeniedException', call.__name__)
            self.assertTrue(caught.exception.response['Error']['Message'])
        arn = self.table.table_arn
        self.assertFails('AccessDeniedException',
                         'User: arn:aws:iam::%s:user/reader is not authorized to perform: '
                         'dynamodb:TagResource on resource: %s' % (arn.split(':')[4], arn),
                         400, client_of_reader.tag_resource, ResourceArn=arn,
                         Tags=[{'Key': 'k', 'Value': 'v'}])
        self.assertEqual(client_of_reader.list_tags_of_resource(ResourceArn=arn)['Tags'], [])
        # ... and the same connections serve the owner
        self.assertEqual(self.table.get_item(Key={'pk': 'a', 'sk': 1})['Item'],
                         {'pk': 'a', 'sk': 1})
        self.table.put_item(Item={'pk': 'a', 'sk': 1})

    def test_clock(self):
        """a request of an hour ago has expired"""
        request = AWSRequest(
            'POST', os.environ['DYNAMO_ENDPOINT'] + '/', data=b'{}', headers={
                'Content-Type': 'application/x-amz-json-1.0',
                'X-Amz-Target': 'DynamoDB_20120810.ListTables'})
        credentials = client._request_signer._credentials
        SignerOfThePast(credentials, 'dynamodb', os.environ['AWS_REGION']).add_auth(request)
        response = URLLib3Session().send(request.prepare())
        self.assertEqual(response.status_code, 400)
        error = json.loads(response.content)
        self.assertEqual(error['__type'], 'com.amazon.coral.service#InvalidSignatureException')
        self.assertRegex(error['message'], '^Signature expired: ')


class Batches(Case):
    """Batches and transactions"""

    @classmethod
    def setUpClass(cls):
        cls.table = create_table('batches')
        cls.name = cls.table.name
        cls.other = create_table('batches-other')

    def test_batch_writer(self):
        """the batch writer sends as many requests as it takes, and drops repetitions"""
        with self.table.batch_writer(overwrite_by_pkeys=['pk', 'sk']) as batch:
            for i in range(120):
                batch.put_item(Item={'pk': 'writer', 'sk': i % 60, 'v': Decimal(i)})
            batch.delete_item(Key={'pk': 'writer', 'sk': 7})
        items = self.table.query(KeyConditionExpression=Key('pk').eq('writer'))['Items']
        self.assertEqual([int(item['v']) for item in items],
                         [i + 60 for i in range(60) if i != 7])

    def test_batch_get(self):
        """batch_get_item of two tables"""
        self.table.put_item(Item={'pk': 'get', 'sk': 1, 'v': 'one'})
        self.other.put_item(Item={'pk': 'get', 'sk': 1, 'b': Binary(b'\x00\xff')})
        response = resource.batch_get_item(RequestItems={
            self.name: {'Keys': [{'pk': 'get', 'sk': 2}, {'pk': 'get', 'sk': 1}],
                        'ProjectionExpression': 'v'},
            self.other.name: {'Keys': [{'pk': 'get', 'sk': 1}], 'ConsistentRead': True},
        }, ReturnConsumedCapacity='TOTAL')
        self.assertEqual(response['Responses'], {
            self.name: [{'v': 'one'}],
            self.other.name: [{'pk': 'get', 'sk': 1, 'b': Binary(b'\x00\xff')}]})
        self.assertEqual(response['UnprocessedKeys'], {})
        self.assertEqual({c['TableName']: c['CapacityUnits'] for c in response['ConsumedCapacity']},
                         {self.name: 1.0, self.other.name: 1.0})

    def test_transactions(self):
        """transact_write_items, its reasons, transact_get_items"""
        def key(pk, sk):
            return {'pk': {'S': pk}, 'sk': {'N': str(sk)}}

        def actions(least):
            return [
                {'Update': {
                    'TableName': self.name, 'Key': key('t', 1),
                    'UpdateExpression': 'SET n = if_not_exists(n, :zero) + :one',
                    'ConditionExpression': 'attribute_not_exists(n) OR n >= :least',
                    'ExpressionAttributeValues': {
                        ':zero': {'N': '0'}, ':one': {'N': '1'}, ':least': {'N': str(least)}},
                    'ReturnValuesOnConditionCheckFailure': 'ALL_OLD'}},
                {'Put': {'TableName': self.other.name, 'Item': key('t', 1)}}]

        client.transact_write_items(TransactItems=actions(0))
        with self.assertRaises(client.exceptions.TransactionCanceledException) as caught:
            client.transact_write_items(TransactItems=actions(2))
        response = caught.exception.response
        self.assertEqual(response['Error']['Message'],
                         'Transaction cancelled, please refer cancellation reasons for '
                         'specific reasons [ConditionalCheckFailed, None]')
        self.assertEqual(response['CancellationReasons'], [
            {'Code': 'ConditionalCheckFailed', 'Message': 'The conditional request failed',
             'Item': {**key('t', 1), 'n': {'N': '1'}}},
            {'Code': 'None'}])
        response = client.transact_get_items(TransactItems=[
            {'Get': {'TableName': self.name, 'Key': key('t', 1)}},
            {'Get': {'TableName': self.other.name, 'Key': key('t', 2)}}])
        self.assertEqual(response['Responses'], [{'Item': {**key('t', 1), 'n': {'N': '1'}}}, {}])

    def test_token(self):
        """one token, one effect"""
        request = {
            'ClientRequestToken': PREFIX + 'token',
            'TransactItems': [{'Update': {
                'TableName': self.name, 'Key': {'pk': {'S': 'token'}, 'sk': {'N': '1'}},
                'UpdateExpression': 'ADD n :one', 'ExpressionAttributeValues': {':one': {'N': '1'}}}}]}
        for _ in range(3):
            client.transact_write_items(**request)
        self.assertEqual(self.table.get_item(Key={'pk': 'token', 'sk': 1})['Item']['n'], 1)
        request['TransactItems'][0]['Update']['UpdateExpression'] = 'ADD m :one'
        with self.assertRaises(client.exceptions.IdempotentParameterMismatchException):
            client.transact_write_items(**request)


class SignerOfThePast(SigV4Auth):
    """Signs with the time of an hour ago."""

    def _modify_request_before_signing(self, request):
        past = datetime.datetime.utcnow() - datetime.timedelta(hours=1)
        request.context['timestamp'] = past.strftime('%Y%m%dT%H%M%SZ')
        super()._modify_request_before_signing(request)


if __name__ == '__main__':
    tap.main()
