// Modules and components; and what a plan holds found by the plan alone, as analysts' queries ask for it.
CREATE CONSTRAINT module_module_id IF NOT EXISTS FOR (n:Module) REQUIRE n.module_id IS UNIQUE;
CREATE CONSTRAINT component_component_id IF NOT EXISTS FOR (n:Component) REQUIRE n.component_id IS UNIQUE;
CREATE INDEX module_plan_id IF NOT EXISTS FOR (n:Module) ON (n.plan_id);
CREATE INDEX component_plan_id IF NOT EXISTS FOR (n:Component) ON (n.plan_id);
CREATE INDEX file_plan_id IF NOT EXISTS FOR (n:File) ON (n.plan_id);
CREATE INDEX symbol_plan_id IF NOT EXISTS FOR (n:Symbol) ON (n.plan_id);
CREATE INDEX external_plan_id IF NOT EXISTS FOR (n:External) ON (n.plan_id);
CREATE INDEX wave_plan_id IF NOT EXISTS FOR (n:Wave) ON (n.plan_id);
