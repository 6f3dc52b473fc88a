// node shape.js NODE_MODULES MANIFESTS.json: prints {name: [problem...]} of the manifests, {name: manifest}, that are
// not what Kubernetes and the operators take. Two judges, both made from their published schemas by kubernetes-models:
// its types, by which the TypeScript compiler finds fields that a kind does not have (a server would drop them, or
// refuse them), and its validators, which know formats, ranges and what has to be there.
const fs = require("fs");
const os = require("os");
const path = require("path");

const [modules, input] = process.argv.slice(2);
const load = (name) => require(path.join(modules, name));
const typescript = load("typescript");
const manifests = JSON.parse(fs.readFileSync(input));
const problems = {};
const add = (name, problem) => (problems[name] ??= []).push(problem);

// Of "apps/v1", "Deployment": where its type and its validator are.
function moduleOf({ apiVersion, kind }) {
  const models = { "keda.sh": "@kubernetes-models/keda", "monitoring.coreos.com": "@kubernetes-models/prometheus-operator" };
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  return `${models[group] ?? "kubernetes-models"}/${apiVersion}/${kind}`;
}

// One file a manifest: a literal of its type, in which TypeScript refuses fields that the type does not have.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slowwave-shape-"));
const fileOf = {};
try {
  fs.symlinkSync(path.resolve(modules), path.join(folder, "node_modules"));
  Object.entries(manifests).forEach(([name, manifest], index) => {
    const file = path.join(folder, `manifest${index}.ts`);
    fs.writeFileSync(
      file,
      `import type { I${manifest.kind} } from "${moduleOf(manifest)}";\n` +
        `export const manifest: I${manifest.kind} = ${JSON.stringify(manifest, null, 1)};\n`,
    );
    fileOf[file] = name;
  });
  const { ES2022, CommonJS, NodeJs } = { ...typescript.ScriptTarget, ...typescript.ModuleKind, NodeJs: typescript.ModuleResolutionKind.NodeJs };
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], target: ES2022, module: CommonJS, moduleResolution: NodeJs };
  const program = typescript.createProgram(Object.keys(fileOf), options);
  for (const diagnostic of typescript.getPreEmitDiagnostics(program)) {
    const name = fileOf[diagnostic.file?.fileName];
    add(name ?? "the compiler", typescript.flattenDiagnosticMessageText(diagnostic.messageText, " "));
  }
} finally {
  fs.rmSync(folder, { recursive: true });
}

for (const [name, manifest] of Object.entries(manifests)) {
  const Model = require(path.join(modules, moduleOf(manifest)))[manifest.kind];
  try {
    new Model(manifest).validate();
  } catch (error) {
    add(name, error.message);
  }
}
console.log(JSON.stringify(problems));
