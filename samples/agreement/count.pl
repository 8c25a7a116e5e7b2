# Counts words in a hash that grows, then sorts it.
my (%count, $state);
$state = 1;
for my $i (1 .. 300_000) {
    $state = ($state * 1103515245 + 12345) & 0x7fffffff;
    $count{'w' . $state % 60_000}++;
}
print scalar(sort { $count{$a} <=> $count{$b} } keys %count), "\n";
