// answers: Names modules and components after what they hold, writes down their figures, and removes the working properties. Cohesion is the share of a module's dependency weight that stays inside; instability and abstractness are Martin's: the share of its neighbours that it needs, and of its atoms those that declare interfaces, types or abstract classes.
// param plan_id: string = "shop" — the plan
// returns: modules, components
// cost: grows with the plan's atoms and dependencies
// access: write
// audience: service
CALL () {
  MATCH (module:Module {plan_id: $plan_id})
  CALL (module) {
    MATCH (module)<-[:IN_MODULE]-(atom)
    RETURN collect(atom) AS atoms, sum(atom.loc) AS loc, min(atom.atom_id) AS first,
           count(CASE WHEN atom.kind IN ['interface', 'type'] OR atom.signature CONTAINS 'ABC' OR atom.signature CONTAINS 'Protocol'
                      OR atom.signature STARTS WITH 'abstract ' OR atom.signature STARTS WITH 'export abstract ' THEN 1 END) AS abstract
  }
  CALL (module) {
    MATCH (module)<-[:IN_MODULE]-(atom)
    WITH module, atom.path AS path, collect(atom) AS beside ORDER BY size(beside) DESC, path LIMIT 1
    UNWIND beside AS atom
    WITH path, atom ORDER BY atom.kind IN ['function', 'method', 'class', 'interface', 'type'] DESC,
         COUNT { (atom)<-[:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-()-[:IN_MODULE]->(module) } DESC, atom.atom_number LIMIT 1
    RETURN path + ' ' + atom.name AS name
  }
  CALL (module) {
    OPTIONAL MATCH (module)<-[:IN_MODULE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)-[:IN_MODULE]->(near)
    WHERE other <> atom
    RETURN coalesce(sum(CASE WHEN near = module THEN need.weight * need.confidence END), 0.0) AS inside,
           coalesce(sum(CASE WHEN near <> module THEN need.weight * need.confidence END), 0.0) AS outside,
           count(DISTINCT CASE WHEN near <> module THEN near END) AS efferent
  }
  CALL (module) {
    OPTIONAL MATCH (module)<-[:IN_MODULE]-(atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)-[:IN_MODULE]->(near)
    WHERE near <> module
    RETURN coalesce(sum(need.weight * need.confidence), 0.0) AS inward, count(DISTINCT near) AS afferent
  }
  SET module.module_id = 'module-' + first, module.name = name, module.atoms = size(atoms), module.loc = loc,
      module.cohesion = CASE WHEN inside + outside + inward > 0 THEN inside / (inside + outside + inward) ELSE 0.0 END,
      module.coupling = efferent + afferent,
      module.instability = CASE WHEN efferent + afferent > 0 THEN toFloat(efferent) / (efferent + afferent) ELSE 0.0 END,
      module.abstractness = toFloat(abstract) / size(atoms)
  FOREACH (atom IN atoms | SET atom.module_id = 'module-' + first REMOVE atom.strength, atom.place)
  RETURN count(module) AS modules
}
CALL () {
  MATCH (component:Component {plan_id: $plan_id})
  CALL (component) {
    MATCH (component)<-[:IN_COMPONENT]-(module)
    WITH module ORDER BY module.strength DESC, module.place
    RETURN min(module.module_id) AS first, collect(module.name)[0] AS name, sum(module.atoms) AS atoms, sum(module.loc) AS loc,
           sum(module.abstractness * module.atoms) AS abstract
  }
  CALL (component) {
    OPTIONAL MATCH (component)<-[:IN_COMPONENT]-()<-[:IN_MODULE]-(atom)-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]->(other)-[:IN_MODULE]->()-[:IN_COMPONENT]->(near)
    WHERE other <> atom
    RETURN coalesce(sum(CASE WHEN near = component THEN need.weight * need.confidence END), 0.0) AS inside,
           coalesce(sum(CASE WHEN near <> component THEN need.weight * need.confidence END), 0.0) AS outside,
           count(DISTINCT CASE WHEN near <> component THEN near END) AS efferent
  }
  CALL (component) {
    OPTIONAL MATCH (component)<-[:IN_COMPONENT]-()<-[:IN_MODULE]-(atom)<-[need:IMPORT_DEP|TYPE_DEP|CONTROL_DEP|DATA_DEP]-(other)-[:IN_MODULE]->()-[:IN_COMPONENT]->(near)
    WHERE near <> component
    RETURN coalesce(sum(need.weight * need.confidence), 0.0) AS inward, count(DISTINCT near) AS afferent
  }
  SET component.component_id = 'component-' + first, component.name = name, component.atoms = atoms, component.loc = loc,
      component.cohesion = CASE WHEN inside + outside + inward > 0 THEN inside / (inside + outside + inward) ELSE 0.0 END,
      component.coupling = efferent + afferent,
      component.instability = CASE WHEN efferent + afferent > 0 THEN toFloat(efferent) / (efferent + afferent) ELSE 0.0 END,
      component.abstractness = abstract / atoms
  REMOVE component.size, component.strength, component.place
  RETURN count(component) AS components
}
CALL () {
  MATCH (module:Module {plan_id: $plan_id})
  REMOVE module.size, module.strength, module.place
}
RETURN modules, components
