# walkthrough.sh: a walk through the operations with the AWS CLI; to be sourced.
#
# Whoever sources this defines
#
#   step NAME TITLE     show, run or check the command on standard input
#   fails NAME TITLE    the same with a command that ends with an error
#
# and makes 'aws' talk to the endpoint.  Nothing else is done here, so that
# this is all that one has to type.

step create-table "Create a table whose partition key is ProductId" <<'END'
aws dynamodb create-table \
    --table-name Products \
    --attribute-definitions \
        AttributeName=ProductId,AttributeType=S \
    --key-schema \
        AttributeName=ProductId,KeyType=HASH \
    --billing-mode PAY_PER_REQUEST
END

step wait-table "Wait until it is active" <<'END'
aws dynamodb wait table-exists --table-name Products
END

step put-item "Put an item" <<'END'
aws dynamodb put-item \
    --table-name Products \
    --item '{
        "ProductId": {"S": "PROD001"},
        "ProductName": {"S": "Laptop Pro X"},
        "Category": {"S": "Electronics"},
        "Price": {"N": "1200.00"},
        "StockQuantity": {"N": "50"},
        "Description": {"S": "High-performance laptop for professionals."}
    }'
END

step put-more "Put some more, for the queries" <<'END'
aws dynamodb put-item --table-name Products --item '{ "ProductId": {"S": "PROD002"}, "ProductName": {"S": "Wireless Mouse"}, "Category": {"S": "Accessories"}, "Price": {"N": "25.99"}, "StockQuantity": {"N": "200"} }'
aws dynamodb put-item --table-name Products --item '{ "ProductId": {"S": "PROD003"}, "ProductName": {"S": "4K Monitor"}, "Category": {"S": "Electronics"}, "Price": {"N": "450.00"}, "StockQuantity": {"N": "30"} }'
aws dynamodb put-item --table-name Products --item '{ "ProductId": {"S": "PROD004"}, "ProductName": {"S": "Ergonomic Keyboard"}, "Category": {"S": "Accessories"}, "Price": {"N": "75.00"}, "StockQuantity": {"N": "100"} }'
aws dynamodb put-item --table-name Products --item '{ "ProductId": {"S": "PROD005"}, "ProductName": {"S": "Gaming Headset"}, "Category": {"S": "Electronics"}, "Price": {"N": "99.99"}, "StockQuantity": {"N": "75"} }'
END

step get-item "Get an item by its key" <<'END'
aws dynamodb get-item \
    --table-name Products \
    --key '{
        "ProductId": {"S": "PROD001"}
    }'
END

fails query-without-key "A query needs the partition key" <<'END'
aws dynamodb query \
    --table-name Products \
    --key-condition-expression "Category = :c" \
    --expression-attribute-values '{":c": {"S": "Electronics"}}'
END

step query "Query by the partition key" <<'END'
aws dynamodb query \
    --table-name Products \
    --key-condition-expression "ProductId = :id" \
    --expression-attribute-values '{":id": {"S": "PROD003"}}'
END

step scan-100 "Scan for products that cost more than 100" <<'END'
aws dynamodb scan \
    --table-name Products \
    --filter-expression "Price > :p" \
    --expression-attribute-values '{":p": {"N": "100"}}'
END

step scan-70 "Scan for products that cost more than 70" <<'END'
aws dynamodb scan \
    --table-name Products \
    --filter-expression "Price > :p" \
    --expression-attribute-values '{":p": {"N": "70"}}'
END

step update-item "Update two attributes and return the new item" <<'END'
aws dynamodb update-item \
    --table-name Products \
    --key '{
        "ProductId": {"S": "PROD001"}
    }' \
    --update-expression "SET StockQuantity = :sq, LastUpdated = :lu" \
    --expression-attribute-values '{
        ":sq": {"N": "45"},
        ":lu": {"S": "2023-10-27T10:30:00Z"}
    }' \
    --return-values ALL_NEW
END

step delete-item "Delete an item and return what it was" <<'END'
aws dynamodb delete-item \
    --table-name Products \
    --key '{
        "ProductId": {"S": "PROD002"}
    }' \
    --return-values ALL_OLD
END

step update-table "Add an index by category and price, on the items that are there" <<'END'
aws dynamodb update-table \
    --table-name Products \
    --attribute-definitions \
        AttributeName=Category,AttributeType=S \
        AttributeName=Price,AttributeType=N \
    --global-secondary-index-updates \
        '[
            {
                "Create": {
                    "IndexName": "CategoryIndex",
                    "KeySchema": [
                        {"AttributeName": "Category", "KeyType": "HASH"},
                        {"AttributeName": "Price", "KeyType": "RANGE"}
                    ],
                    "Projection": {
                        "ProjectionType": "ALL"
                    },
                    "ProvisionedThroughput": {
                        "ReadCapacityUnits": 1,
                        "WriteCapacityUnits": 1
                    }
                }
            }
        ]' \
    --billing-mode PAY_PER_REQUEST
END

step wait-index "Wait until the index is active" <<'END'
for i in {1..60}; do
    status=$(aws dynamodb describe-table --table-name Products --output text \
        --query 'Table.GlobalSecondaryIndexes[0].IndexStatus')
    if [ "$status" = ACTIVE ]; then break; fi
    sleep 1
done
[ "$status" = ACTIVE ]
END

step describe-table "Describe the table" <<'END'
aws dynamodb describe-table --table-name Products
END

step query-index "Query the index: electronics, dearest first" <<'END'
aws dynamodb query \
    --table-name Products \
    --index-name CategoryIndex \
    --key-condition-expression "Category = :c" \
    --expression-attribute-values '{":c": {"S": "Electronics"}}' \
    --no-scan-index-forward
END

step delete-table "Delete the table" <<'END'
aws dynamodb delete-table \
    --table-name Products
END

step wait-deleted "Wait until it is gone" <<'END'
aws dynamodb wait table-not-exists --table-name Products
END
