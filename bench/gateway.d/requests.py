#!/usr/bin/env python3
"""Requests for bench/gateway: made, signed, sent, compared.

  requests.py load PORT             create the tables and put every item
  requests.py check PORT...         compare what the servers answer
  requests.py sign OPERATION FILE   requests for wrk, each ended by a NUL
  requests.py batches OPERATION     requests for pgbench, as COPY reads them

OPERATION is get, put or query.  The secret is in AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY.  A signature is valid for 15 minutes.
"""
import datetime
import hashlib
import hmac
import http.client
import json
import os
import random
import sys
import threading

ITEMS = 10000
COLLECTIONS = 500
COLLECTION_SIZE = 20
BATCH_SIZE = 50

REGION = 'us-east-1'
HOST = 'dynamodb.us-east-1.amazonaws.com'
API = {'get': 'GetItem', 'put': 'PutItem', 'query': 'Query'}

TABLES = [
    {'TableName': 'Items', 'BillingMode': 'PAY_PER_REQUEST',
     'AttributeDefinitions': [{'AttributeName': 'Id', 'AttributeType': 'S'}],
     'KeySchema': [{'AttributeName': 'Id', 'KeyType': 'HASH'}]},
    {'TableName': 'Collections', 'BillingMode': 'PAY_PER_REQUEST',
     'AttributeDefinitions': [{'AttributeName': 'Owner', 'AttributeType': 'S'},
                              {'AttributeName': 'Seq', 'AttributeType': 'N'}],
     'KeySchema': [{'AttributeName': 'Owner', 'KeyType': 'HASH'},
                   {'AttributeName': 'Seq', 'KeyType': 'RANGE'}]},
]


def item(keys, n, version=0):
    """An item of some 350 bytes, different in every version."""
    return dict(keys, **{
        'Count': {'N': str(n)},
        'Version': {'N': str(version)},
        'Price': {'N': str(n % 1000 + 0.25)},
        'Name': {'S': 'product number %d' % n},
        'Category': {'S': 'category %d' % (n % 20)},
        'Description': {'S': hashlib.md5(b'%d' % n).hexdigest() * 2},
        'Available': {'BOOL': n % 3 != 0},
        'Tags': {'SS': ['tag %d' % (n % 7), 'tag x']},
        'Size': {'M': {'Width': {'N': str(n % 50)}, 'Height': {'N': str(n % 60)}}},
    })


def item_key(n):
    return {'Id': {'S': 'item-%d' % n}}


def get_item(n):
    return {'TableName': 'Items', 'Key': item_key(n)}


def put_item(n, version):
    return {'TableName': 'Items', 'Item': item(item_key(n), n, version)}


def query(n):
    return {'TableName': 'Collections',
            'KeyConditionExpression': '#o = :o',
            'ExpressionAttributeNames': {'#o': 'Owner'},
            'ExpressionAttributeValues': {':o': {'S': 'owner-%d' % n}}}


def bodies(operation):
    """The requests of an operation in random order.

    PutItem puts every item twice, the second time half the list later, and
    never as it is: what changes nothing would cost less than a write.
    """
    if operation == 'query':
        some = [query(n) for n in range(COLLECTIONS)] * 8
        random.shuffle(some)
        return some
    numbers = list(range(ITEMS))
    random.shuffle(numbers)
    if operation == 'get':
        return [get_item(n) for n in numbers]
    return [put_item(n, version) for version in (1, 2) for n in numbers]


def in_batches(operation):
    """The same for pgbench: a batch of PutItem puts its items twice."""
    some = bodies(operation)
    if operation == 'put':
        half = len(some) // 2
        step = BATCH_SIZE // 2
        return [some[i:i + step] + some[half + i:half + i + step]
                for i in range(0, half, step)]
    return [some[i:i + BATCH_SIZE] for i in range(0, len(some), BATCH_SIZE)]


def hmac_sha256(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Signer:
    """Signature Version 4, the headers that SDKs sign."""

    def __init__(self, moment):
        self.time = moment.strftime('%Y%m%dT%H%M%SZ')
        self.scope = '%s/%s/dynamodb/aws4_request' % (self.time[:8], REGION)
        self.key_id = os.environ['AWS_ACCESS_KEY_ID']
        key = ('AWS4' + os.environ['AWS_SECRET_ACCESS_KEY']).encode()
        for part in self.scope.split('/'):
            key = hmac_sha256(key, part)
        self.key = key

    def headers(self, api, body):
        target = 'DynamoDB_20120810.' + api
        canonical = '\n'.join([
            'POST', '/', '',
            'content-type:application/x-amz-json-1.0',
            'host:' + HOST,
            'x-amz-date:' + self.time,
            'x-amz-target:' + target,
            '',
            'content-type;host;x-amz-date;x-amz-target',
            hashlib.sha256(body).hexdigest()])
        text = '\n'.join(['AWS4-HMAC-SHA256', self.time, self.scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        return {
            'Host': HOST,
            'Accept-Encoding': 'identity',
            'User-Agent': 'Boto3/1.26.27 Python/3.11.2 Linux/6.1 Botocore/1.29.27',
            'X-Amz-Target': target,
            'Content-Type': 'application/x-amz-json-1.0',
            'X-Amz-Date': self.time,
            'Authorization': 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders='
                             'content-type;host;x-amz-date;x-amz-target, Signature=%s'
                             % (self.key_id, self.scope, hmac_sha256(self.key, text).hex()),
            'Content-Length': str(len(body)),
        }


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Client:
    """A connection to a server."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
        self.signer = Signer(now())

    def call(self, api, request):
        """Status and body of the answer."""
        body = json.dumps(request, separators=(',', ':')).encode()
        self.http.request('POST', '/', body, self.signer.headers(api, body))
        response = self.http.getresponse()
        return response.status, response.read().decode()

    def must(self, api, request):
        status, body = self.call(api, request)
        if status != 200:
            sys.exit('%s: status %d, %s' % (api, status, body))
        return json.loads(body)


def load(port):
    client = Client(port)
    for table in TABLES:
        client.must('CreateTable', table)
    for table in TABLES:
        name = {'TableName': table['TableName']}
        while client.must('DescribeTable', name)['Table']['TableStatus'] != 'ACTIVE':
            threading.Event().wait(0.1)
    for n in range(ITEMS):
        client.must('PutItem', put_item(n, 0))
    # collections grow together
    for n in range(COLLECTIONS * COLLECTION_SIZE):
        keys = {'Owner': {'S': 'owner-%d' % (n % COLLECTIONS)},
                'Seq': {'N': str(n // COLLECTIONS)}}
        client.must('PutItem', {'TableName': 'Collections', 'Item': item(keys, n)})


def normal(value):
    """An answer with its sets sorted."""
    if isinstance(value, dict):
        return {k: sorted(v) if k == 'SS' else normal(v) for k, v in value.items()}
    if isinstance(value, list):
        return [normal(v) for v in value]
    return value


def check(ports):
    """All servers answer a sample alike, and as they should."""
    clients = [Client(port) for port in ports]

    def same(api, request):
        answers = [normal(client.must(api, request)) for client in clients]
        for port, answer in zip(ports, answers):
            if answer != answers[0]:
                sys.exit('%s %s: port %d answers\n%s\nbut port %d\n%s'
                         % (api, request, ports[0], answers[0], port, answer))
        return answers[0]

    for n in random.sample(range(ITEMS), 100):
        if same('PutItem', put_item(n, 1)) != {}:
            sys.exit('PutItem answers more than {}')
        if same('GetItem', get_item(n)) != {'Item': normal(put_item(n, 1)['Item'])}:
            sys.exit('GetItem finds another item')
    for n in random.sample(range(COLLECTIONS), 20):
        answer = same('Query', query(n))
        if (answer['Count'] != COLLECTION_SIZE or 'LastEvaluatedKey' in answer or
                [int(i['Seq']['N']) for i in answer['Items']] != list(range(COLLECTION_SIZE))):
            sys.exit('Query finds other items: %s' % answer)


def sign(operation, path):
    start = now()
    # equal requests shall not be equal byte for byte
    signers = [Signer(start - datetime.timedelta(seconds=n)) for n in range(60)]
    with open(path, 'wb') as out:
        for i, request in enumerate(bodies(operation)):
            body = json.dumps(request, separators=(',', ':')).encode()
            headers = signers[i % len(signers)].headers(API[operation], body)
            out.write(b'POST / HTTP/1.1\r\n')
            for name, value in headers.items():
                out.write(('%s: %s\r\n' % (name, value)).encode())
            out.write(b'\r\n' + body + b'\0')


def batches(operation):
    for number, batch in enumerate(in_batches(operation)):
        for i, request in enumerate(batch):
            text = json.dumps(request, separators=(',', ':')).replace('\\', '\\\\')
            print('%s\t%d\t%d\t%s' % (operation, number, i + 1, text))


def main():
    random.seed(1)
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == 'load':
        load(int(arguments[1]))
    elif len(arguments) > 1 and arguments[0] == 'check':
        check([int(port) for port in arguments[1:]])
    elif len(arguments) == 3 and arguments[0] == 'sign':
        sign(arguments[1], arguments[2])
    elif len(arguments) == 2 and arguments[0] == 'batches':
        batches(arguments[1])
    else:
        sys.exit(__doc__)


main()
