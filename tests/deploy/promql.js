// node promql.js NODE_MODULES QUERIES.json: prints for each query {errors: [text...], selectors: [{metric, matchers:
// [[label, operator, value]...]}...]}, by the grammar that Prometheus' own web page uses.
const fs = require("fs");
const path = require("path");

const [modules, input] = process.argv.slice(2);
const { parser } = require(path.join(modules, "@prometheus-io/lezer-promql"));

function read(query) {
  const found = { errors: [], selectors: [] };
  const text = (node) => query.slice(node.from, node.to);
  parser.parse(query).iterate({
    enter(node) {
      if (node.type.isError) found.errors.push(`at ${node.from}: ${query.slice(node.from, node.from + 20)}`);
      if (node.name === "VectorSelector") {
        const metric = node.node.getChild("Identifier");
        found.selectors.push({ metric: metric ? text(metric) : "", matchers: [] });
      }
      if (node.name === "UnquotedLabelMatcher") {
        const [label, operator, value] = ["LabelName", "MatchOp", "StringLiteral"].map((name) => text(node.node.getChild(name)));
        found.selectors.at(-1).matchers.push([label, operator, JSON.parse(value)]);
      }
    },
  });
  return found;
}

console.log(JSON.stringify(JSON.parse(fs.readFileSync(input)).map(read)));
