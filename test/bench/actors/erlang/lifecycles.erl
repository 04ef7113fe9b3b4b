%% Processes come and go; each function answers how many were seen to do their work and to be gone.
-module(lifecycles).
-export([fork_join_create/1, skynet/1, spawn_stop/1, idle/1]).

%% Made from outside, handle one message, end themselves; their monitors tell. A thousand at a time: a long queue of such news would cost the
%% spawner more than all its workers.
fork_join_create(Actors) -> fork_join_create(0, Actors, 0).

fork_join_create(Born, Actors, Worked) when Born >= Actors -> Worked;
fork_join_create(Born, Actors, Worked) ->
    Until = min(Actors, Born + 1000),
    Batch = [spawn_worker(Index) || Index <- lists:seq(Born, Until - 1)],
    Done = [receive {'DOWN', Monitor, process, _, {done, _}} -> done end || Monitor <- Batch],
    fork_join_create(Until, Actors, Worked + length(Done)).

spawn_worker(Index) ->
    {Worker, Monitor} = spawn_monitor(fun() -> receive {work, Angle} -> exit({done, math:sin(Angle)}) end end),
    Worker ! {work, Index},
    Monitor.

%% A tree of ten children each whose leaves report their number.
skynet(Leaves) ->
    Main = self(),
    spawn_link(fun() -> node_in(Main, 0, Leaves) end),
    Expected = Leaves * (Leaves - 1) div 2,
    receive {sum, Expected} -> Leaves; {sum, _} -> 0 end.

node_in(Parent, First, 1) -> Parent ! {sum, First};
node_in(Parent, First, Leaves) ->
    Self = self(),
    Share = Leaves div 10,
    [spawn_link(fun() -> node_in(Self, First + Index * Share, Share) end) || Index <- lists:seq(0, 9)],
    Parent ! {sum, lists:sum([receive {sum, Sum} -> Sum end || _ <- lists:seq(1, 10)])}.

%% A hundred at a time: spawned with a monitor and an id and an input of its own, told to stop, seen to end.
spawn_stop(Actors) -> spawn_stop(0, Actors, 0).

spawn_stop(Born, Actors, Ended) when Born >= Actors -> Ended;
spawn_stop(Born, Actors, Ended) ->
    Until = min(Actors, Born + 100),
    Batch = [spawn_monitor(fun() -> idler(Index) end) || Index <- lists:seq(Born, Until - 1)],
    [Actor ! stop || {Actor, _} <- Batch],
    Gone = [receive {'DOWN', Monitor, process, _, {stopped, _}} -> gone end || {_, Monitor} <- Batch],
    spawn_stop(Until, Actors, Ended + length(Gone)).

idler(Index) ->
    receive stop -> exit({stopped, Index}) end.

%% Memory of processes that wait: held in a list, found by id in a table, each with an id and an input of its own.
idle(Actors) ->
    Table = ets:new(registry, [set, public]),
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    Held = [register_idler(Table, Index) || Index <- lists:seq(0, Actors - 1)],
    settle(Held),
    Fresh = erlang:memory(total) - Before,
    [Actor ! tick || Actor <- Held],
    settle(Held),
    Touched = erlang:memory(total) - Before,
    Sound = length([Index || {Index, Actor} <- lists:zip(lists:seq(0, Actors - 1), Held), is_sound(Table, Index, Actor)]),
    [{count, Sound}, {bytes, Fresh / Actors}, {bytesTouched, Touched / Actors}, {megabytes, Fresh / 1.0e6}].

register_idler(Table, Index) ->
    Actor = spawn(fun() -> waiter(Index, 0) end),
    ets:insert(Table, {{idler, Index}, Actor}),
    Actor.

waiter(Owner, Count) ->
    receive
        tick -> waiter(Owner, Count + 1);
        {report, To} -> To ! {report, Owner, Count}, waiter(Owner, Count)
    end.

is_sound(Table, Index, Actor) ->
    [{_, Found}] = ets:lookup(Table, {idler, Index}),
    Actor ! {report, self()},
    receive {report, Owner, Count} -> Found =:= Actor andalso Owner =:= Index andalso Count =:= 1 end.

%% The last one has answered when everybody had a turn; the processes themselves are left as they are, as everywhere.
settle(Held) ->
    lists:last(Held) ! {report, self()},
    receive {report, _, _} -> ok end,
    erlang:garbage_collect().
