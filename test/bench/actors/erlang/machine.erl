%% The flat machine of the programs on Node as a gen_statem. Answers the steps by what the machine counted: two of each round of four.
-module(machine).
-behaviour(gen_statem).
-export([steps/1, init/1, callback_mode/0, idle/3, running/3, paused/3, finishing/3]).

steps(Steps) ->
    {ok, Machine} = gen_statem:start_link(?MODULE, 1, []),
    rounds(Machine, (Steps + 3) div 4),
    Count = gen_statem:call(Machine, count, infinity),
    gen_statem:stop(Machine),
    Count * 2.

rounds(_Machine, 0) -> ok;
rounds(Machine, Left) ->
    Now = min(Left, 1000),
    send(Machine, Now),
    gen_statem:call(Machine, count, infinity),
    rounds(Machine, Left - Now).

send(_Machine, 0) -> ok;
send(Machine, Left) ->
    [gen_statem:cast(Machine, Event) || Event <- [start, pause, resume, finish]],
    send(Machine, Left - 1).

init(Owner) -> {ok, idle, {Owner, 0}}.

callback_mode() -> state_functions.

idle(cast, start, Data) -> {next_state, running, Data};
idle({call, From}, count, {_, Count}) -> {keep_state_and_data, [{reply, From, Count}]}.

running(cast, pause, {Owner, Count}) -> {next_state, paused, {Owner, Count + 1}};
running(cast, fail, Data) -> {next_state, idle, Data}.

paused(cast, resume, {_, Count} = Data) when Count >= 0 -> {next_state, finishing, Data};
paused(cast, fail, Data) -> {next_state, idle, Data}.

finishing(cast, finish, {Owner, Count}) -> {next_state, idle, {Owner, Count + 1}}.
