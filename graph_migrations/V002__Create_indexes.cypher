// What is looked up. (plan_id, step) holds atoms only while cycles/ work on a plan.
CREATE INDEX atom_plan_id IF NOT EXISTS FOR (n:Atom) ON (n.plan_id);
CREATE INDEX atom_plan_id_wave IF NOT EXISTS FOR (n:Atom) ON (n.plan_id, n.wave);
CREATE INDEX atom_plan_id_step IF NOT EXISTS FOR (n:Atom) ON (n.plan_id, n.step);
CREATE INDEX atom_plan_id_path IF NOT EXISTS FOR (n:Atom) ON (n.plan_id, n.path);
CREATE INDEX atom_content_hash IF NOT EXISTS FOR (n:Atom) ON (n.content_hash);
CREATE INDEX cycle_plan_id IF NOT EXISTS FOR (n:Cycle) ON (n.plan_id);
CREATE INDEX graph_build_plan_id IF NOT EXISTS FOR (n:GraphBuild) ON (n.plan_id);
CREATE INDEX plan_tenant_id IF NOT EXISTS FOR (n:Plan) ON (n.tenant_id);
CREATE FULLTEXT INDEX atom_text IF NOT EXISTS FOR (n:Atom) ON EACH [n.name, n.qualified_name, n.signature, n.docstring, n.code]
  OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-no-stop-words', `fulltext.eventually_consistent`: true}};
