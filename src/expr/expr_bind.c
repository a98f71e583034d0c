/*
 * expr_bind.c - ExpressionAttributeNames and -Values, and what binding them
 * to a parsed tree takes.
 */
#include "postgres.h"

#include "errors.h"
#include "expr/expr_tree.h"
#include "miscadmin.h"


/* One #name or :value of the request */
typedef struct Binding
{
	const char *ref;
	uint32		ref_len;
	JsonNode   *node;			/* name as string, or attribute value */
	bool		used;
	bool		viewed;			/* is view set? */
	AttrValue	view;
} Binding;

typedef struct BindingMap
{
	int			n;
	Binding    *bindings;		/* in the order of the request */
	Binding   **sorted;			/* by length and bytes of ref */
} BindingMap;

struct ExprBindings
{
	BindingMap	names;
	BindingMap	values;
};

/* ---- the request's maps ---- */

static int
binding_compare(const void *a, const void *b)
{
	const Binding *x = *(Binding *const *) a;
	const Binding *y = *(Binding *const *) b;

	if (x->ref_len != y->ref_len)
		return x->ref_len < y->ref_len ? -1 : 1;
	return memcmp(x->ref, y->ref, x->ref_len);
}

/* '#' or ':' and at least one word character */
static bool
ref_is_valid(char prefix, const char *ref, uint32 len)
{
	if (len < 2 || ref[0] != prefix)
		return false;
	for (uint32 i = 1; i < len; i++)
	{
		unsigned char c = ref[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			  (c >= 'a' && c <= 'z') || c == '_'))
			return false;
	}
	return true;
}

/* Read one of the maps and check its keys. */
static void
read_map(BindingMap *map, const JsonNode *node, char prefix,
		 const char *parameter)
{
	if (node == NULL || node->kind == JSON_NULL)
		return;
	if (node->kind != JSON_OBJECT)
		dynamo_error(DYNAMO_SERIALIZATION, "Unexpected field type");
	if (node->len == 0)
		validation_error("%s must not be empty", parameter);

	map->bindings = palloc0(sizeof(Binding) * node->len);
	map->sorted = palloc(sizeof(Binding *) * node->len);
	for (uint32 i = 0; i < node->len; i++)
	{
		JsonMember *member = &node->u.members[i];
		Binding    *binding = &map->bindings[map->n];

		/* A null counts as absent everywhere */
		if (member->value.kind == JSON_NULL)
			continue;
		if (!ref_is_valid(prefix, member->name, member->name_len))
			validation_error("%s contains invalid key: Syntax error; key: \"%.*s\"",
							 parameter, (int) member->name_len, member->name);
		binding->ref = member->name;
		binding->ref_len = member->name_len;
		binding->node = &member->value;
		map->sorted[map->n++] = binding;
	}

	qsort(map->sorted, map->n, sizeof(Binding *), binding_compare);
}

/* An attribute name must be a string of legal length. */
static void
check_name(const Binding *binding)
{
	const JsonNode *node = binding->node;
	const char *fault;

	if (node->kind != JSON_STRING)
		dynamo_error(DYNAMO_SERIALIZATION, "Unexpected value type in payload");
	fault = attr_name_fault(node->u.str, node->len);
	if (fault)
		validation_error("ExpressionAttributeNames contains invalid value: %s for key %.*s",
						 fault, (int) binding->ref_len, binding->ref);
}

/* Check and read the request's names and values; see expr.h. */
ExprBindings *
expr_bindings_create(const JsonNode *names, JsonNode *values)
{
	ExprBindings *bindings = palloc0(sizeof(ExprBindings));

	read_map(&bindings->names, names, '#', "ExpressionAttributeNames");
	read_map(&bindings->values, values, ':', "ExpressionAttributeValues");
	for (int i = 0; i < bindings->values.n; i++)
	{
		Binding    *binding = &bindings->values.bindings[i];
		AttrFault	fault;
		char	   *message = attr_value_check(binding->node, &fault);

		if (message)
			validation_error("ExpressionAttributeValues contains invalid value: %s for key %.*s",
							 message, (int) binding->ref_len, binding->ref);
	}

	/* What the names stand for comes last */
	for (int i = 0; i < bindings->names.n; i++)
		check_name(&bindings->names.bindings[i]);

	return bindings;
}

/* Raise the error about what no expression has used. */
static void
check_unused(const BindingMap *map, const char *parameter)
{
	StringInfoData keys;

	keys.data = NULL;
	for (int i = 0; i < map->n; i++)
	{
		const Binding *binding = &map->bindings[i];

		if (binding->used)
			continue;
		if (keys.data == NULL)
			initStringInfo(&keys);
		else
			appendStringInfoString(&keys, ", ");
		appendBinaryStringInfo(&keys, binding->ref, binding->ref_len);
	}

	if (keys.data)
		validation_error("Value provided in %s unused in expressions: keys: {%s}",
						 parameter, keys.data);
}

void
expr_bindings_check_unused(const ExprBindings *bindings)
{
	check_unused(&bindings->names, "ExpressionAttributeNames");
	check_unused(&bindings->values, "ExpressionAttributeValues");
}

/* Find a reference and mark it as used; NULL if the request lacks it. */
static Binding *
lookup(const BindingMap *map, const char *ref, uint32 ref_len)
{
	Binding		key;
	Binding    *key_pointer = &key;
	Binding   **found;

	if (map->n == 0)
		return NULL;

	key.ref = ref;
	key.ref_len = ref_len;
	found = bsearch(&key_pointer, map->sorted, map->n, sizeof(Binding *),
					binding_compare);
	if (found == NULL)
		return NULL;
	(*found)->used = true;
	return *found;
}

/* ---- paths ---- */

static Binding *
lookup_name(ExprBindings *bindings, ExprKind kind, const PathElement *element)
{
	Binding    *binding = lookup(&bindings->names, element->name,
								 element->name_len);

	if (binding == NULL)
		expr_error(kind, "An expression attribute name used in the document path is not defined; attribute name: %.*s",
				   (int) element->name_len, element->name);
	return binding;
}

/* Is the element of a parsed path an alias? */
#define IS_ALIAS(element) ((element)->name && (element)->name[0] == '#')

void
expr_check_names(ExprBindings *bindings, ExprKind kind, List *paths)
{
	ListCell   *lc;

	foreach(lc, paths)
	{
		const DocPath *path = lfirst(lc);

		for (int i = 0; i < path->nelements; i++)
		{
			if (IS_ALIAS(&path->elements[i]))
				(void) lookup_name(bindings, kind, &path->elements[i]);
		}
	}
}

/* Elements and copies of the bare names come as one chunk. */
void
expr_bind_path(ExprBindings *bindings, ExprKind kind, const DocPath *parsed,
			   DocPath *path)
{
	Size		size = sizeof(PathElement) * parsed->nelements;
	char	   *names;

	for (int i = 0; i < parsed->nelements; i++)
	{
		const PathElement *element = &parsed->elements[i];

		if (element->name && !IS_ALIAS(element))
			size += element->name_len;
	}

	path->nelements = parsed->nelements;
	path->elements = palloc(size);
	names = (char *) (path->elements + path->nelements);

	for (int i = 0; i < parsed->nelements; i++)
	{
		PathElement *element = &path->elements[i];

		*element = parsed->elements[i];
		if (IS_ALIAS(element))
		{
			const JsonNode *name = lookup_name(bindings, kind, element)->node;

			element->name = name->u.str;
			element->name_len = name->len;
		}
		else if (element->name)
		{
			memcpy(names, element->name, element->name_len);
			element->name = names;
			names += element->name_len;
		}
	}
}

bool
path_element_equal(const PathElement *a, const PathElement *b)
{
	if (a->name == NULL || b->name == NULL)
		return a->name == b->name && a->index == b->index;
	return a->name_len == b->name_len &&
		memcmp(a->name, b->name, a->name_len) == 0;
}

bool
doc_path_equal(const DocPath *a, const DocPath *b)
{
	if (a->nelements != b->nelements)
		return false;
	for (int i = 0; i < a->nelements; i++)
	{
		if (!path_element_equal(&a->elements[i], &b->elements[i]))
			return false;
	}
	return true;
}

/* How messages show a path: [a, [1], b] */
char *
doc_path_to_string(const DocPath *path)
{
	StringInfoData str;

	initStringInfo(&str);
	appendStringInfoChar(&str, '[');
	for (int i = 0; i < path->nelements; i++)
	{
		const PathElement *element = &path->elements[i];

		if (i > 0)
			appendStringInfoString(&str, ", ");
		if (element->name)
			appendBinaryStringInfo(&str, element->name, element->name_len);
		else
			appendStringInfo(&str, "[%d]", element->index);
	}
	appendStringInfoChar(&str, ']');
	return str.data;
}

/*
 * Value at a path of an item.  Where the path does not fit the item there is
 * no value, which is never an error for readers.
 */
bool
doc_path_get(const DocPath *path, const JsonbContainer *item,
			 AttrValue *value)
{
	if (item == NULL ||
		!attr_get(item, path->elements[0].name, path->elements[0].name_len,
				  value))
		return false;

	for (int i = 1; i < path->nelements; i++)
	{
		const PathElement *element = &path->elements[i];
		const JsonbContainer *container = value->container;

		if (element->name)
		{
			if (value->type != ATTR_M ||
				!attr_get(container, element->name, element->name_len, value))
				return false;
		}
		else
		{
			if (value->type != ATTR_L ||
				!attr_list_get(container, element->index, value))
				return false;
		}
	}
	return true;
}

/* ---- operands ---- */

ExprNode *
expr_bind_operand(ExprBindings *bindings, ExprKind kind,
				  const ExprNode *parsed, bool raw)
{
	ExprNode   *node = palloc(sizeof(ExprNode));
	Binding    *binding;

	check_stack_depth();

	*node = *parsed;
	switch (parsed->op)
	{
		case OP_PATH:
			expr_bind_path(bindings, kind, &parsed->u.path, &node->u.path);
			break;

		case OP_VALUE:
			binding = lookup(&bindings->values, parsed->u.value.ref,
							 parsed->u.value.ref_len);
			if (binding == NULL)
				expr_error(kind, "An expression attribute value used in expression is not defined; attribute value: %.*s",
						   (int) parsed->u.value.ref_len,
						   parsed->u.value.ref);
			if (!raw && !binding->viewed)
			{
				attr_value_from_node(binding->node, &binding->view);
				binding->viewed = true;
			}
			node->u.value.ref = binding->ref;
			node->u.value.ref_len = binding->ref_len;
			node->u.value.node = binding->node;
			node->u.value.view = binding->view;
			node->u.value.has_view = binding->viewed;
			break;

		default:
			node->u.args = palloc(sizeof(ExprNode *) * parsed->nargs);
			for (int i = 0; i < parsed->nargs; i++)
				node->u.args[i] = expr_bind_operand(bindings, kind,
													parsed->u.args[i], false);
			break;
	}

	return node;
}

/* Paths in a tree. */
int
expr_count_paths(const ExprNode *node)
{
	int			n = 0;

	check_stack_depth();

	if (node->op == OP_PATH)
		return 1;
	for (int i = 0; i < node->nargs; i++)
		n += expr_count_paths(node->u.args[i]);
	return n;
}

/* Append a tree's paths, in order of appearance. */
void
expr_collect_paths(const ExprNode *node, DocPath *paths, int *npaths)
{
	check_stack_depth();

	if (node->op == OP_PATH)
		paths[(*npaths)++] = node->u.path;
	for (int i = 0; i < node->nargs; i++)
		expr_collect_paths(node->u.args[i], paths, npaths);
}

/* ---- faults of operands ---- */

void
expr_check_nargs(ExprKind kind, const ExprNode *node)
{
	/* Those of a statement have been counted by its parser. */
	if (node->op == OP_IN && node->nargs > EXPR_MAX_IN_OPERANDS &&
		kind != EXPR_STATEMENT)
		expr_error(kind, "The IN operator is provided with too many operands; number of operands: %d",
				   node->nargs);
	if (node->op == OP_FUNCTION &&
		node->nargs != expr_function_nargs(node->function))
		expr_error(kind, "Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d",
				   expr_op_name(node), node->nargs);
}

void
expr_operand_type_error(ExprKind kind, const ExprNode *node, const char *type)
{
	expr_error(kind, "Incorrect operand type for operator or function; operator or function: %s, operand type: %s",
			   expr_op_name(node), type);
}

void
expr_path_needed_error(ExprKind kind, const ExprNode *node)
{
	expr_error(kind, "Operator or function requires a document path; operator or function: %s",
			   expr_op_name(node));
}
