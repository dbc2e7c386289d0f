// What is unique. A File, Symbol, External or Wave is unique within its plan: plans of different tenants share no node.
CREATE CONSTRAINT plan_plan_id IF NOT EXISTS FOR (n:Plan) REQUIRE n.plan_id IS UNIQUE;
CREATE CONSTRAINT file_plan_id_path IF NOT EXISTS FOR (n:File) REQUIRE (n.plan_id, n.path) IS UNIQUE;
CREATE CONSTRAINT atom_atom_id IF NOT EXISTS FOR (n:Atom) REQUIRE n.atom_id IS UNIQUE;
CREATE CONSTRAINT symbol_plan_id_qualified_name IF NOT EXISTS FOR (n:Symbol) REQUIRE (n.plan_id, n.qualified_name) IS UNIQUE;
CREATE CONSTRAINT external_plan_id_ecosystem_name IF NOT EXISTS FOR (n:External) REQUIRE (n.plan_id, n.ecosystem, n.name) IS UNIQUE;
CREATE CONSTRAINT wave_plan_id_number IF NOT EXISTS FOR (n:Wave) REQUIRE (n.plan_id, n.number) IS UNIQUE;
CREATE CONSTRAINT cycle_cycle_id IF NOT EXISTS FOR (n:Cycle) REQUIRE n.cycle_id IS UNIQUE;
CREATE CONSTRAINT graph_build_build_id IF NOT EXISTS FOR (n:GraphBuild) REQUIRE n.build_id IS UNIQUE;
CREATE CONSTRAINT staged_build_build_id IF NOT EXISTS FOR (n:StagedBuild) REQUIRE n.build_id IS UNIQUE;
CREATE CONSTRAINT plan_commit_plan_id IF NOT EXISTS FOR (n:PlanCommit) REQUIRE n.plan_id IS UNIQUE;
