// answers: How large a plan's atoms are, and how many are larger than an atom may be.
// param plan_id: string = "shop" — the plan
// returns: atoms, code lines (median, mean, 95th percentile, most), over_15 (over 15 lines and not indivisible), indivisible, complexity (95th percentile), over_3 (complexity over 3 and not indivisible)
// cost: grows with the plan's atoms
// access: read
// audience: public
MATCH (atom:Atom {plan_id: $plan_id})
RETURN count(atom) AS atoms,
       percentileDisc(atom.loc, 0.5) AS loc_median,
       avg(atom.loc) AS loc_mean,
       percentileDisc(atom.loc, 0.95) AS loc_p95,
       max(atom.loc) AS loc_max,
       count(CASE WHEN atom.loc > 15 AND NOT atom.indivisible THEN 1 END) AS over_15,
       count(CASE WHEN atom.indivisible THEN 1 END) AS indivisible,
       percentileDisc(atom.complexity, 0.95) AS complexity_p95,
       count(CASE WHEN atom.complexity > 3 AND NOT atom.indivisible THEN 1 END) AS over_3
