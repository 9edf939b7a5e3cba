# Lines of "ours" or "ours beside" into a record: every value, and the texts of its row in the README's table.
def digits: if . == 0 then 0 else . as $x | pow(10; 2 - (fabs | log10 | floor)) as $p | $x * $p | round / $p end;
def range: sort | {median: .[(length - 1) / 2 | floor], low: first, high: last} | map_values(digits);
def spread: if .low == .high then "\(.median)" else "\(.median) (\(.low) to \(.high))" end;
[inputs | split(" ") | map(select(. != "") | tonumber)] as $values
| ($values | map(.[0]) | range) as $ours
| (if $beside == "" then null else $values | map(.[0] / .[1]) | range end) as $ratio
| ($ratio // $ours | .median) as $judged
| ($target | capture("^(?<than>[<>])= (?<bound>[0-9.]+)$") // null) as $goal
| {
    $what,
    figure: "\($ours | spread | gsub("\\)$"; "")) \($unit)",
    ratio: "",
    target: "",
    $command, $unit, $values, $provenance
  }
| .figure = (if $ours.low == $ours.high then "\($ours.median) \($unit)"
             else "\($ours.median) \($unit) (\($ours.low) to \($ours.high))" end)
| if $ratio then .ratio = "\($ratio | spread) of \($beside), \($values | map(.[1]) | range | .median) \($unit)" else . end
| if $goal then
    ($goal.bound | tonumber) as $bound
    | (if $goal.than == ">" then $judged >= $bound else $judged <= $bound end) as $met
    | .target = "\(if $goal.than == ">" then "at least" else "at most" end) \($goal.bound): \(if $met then "met" else "missed" end)"
  else . end
