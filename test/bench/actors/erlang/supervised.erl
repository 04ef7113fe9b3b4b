%% As lifecycles:spawn_stop, but as OTP starts and ends workers: gen_server children of a simple_one_for_one supervisor. One module is both.
-module(supervised).
-behaviour(supervisor).
-export([spawn_stop/1, start_worker/1, init/1, handle_call/3, handle_cast/2]).

spawn_stop(Actors) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, supervisor),
    Ended = batches(Supervisor, 0, Actors, 0),
    unlink(Supervisor),
    exit(Supervisor, shutdown),
    Ended.

batches(_Supervisor, Born, Actors, Ended) when Born >= Actors -> Ended;
batches(Supervisor, Born, Actors, Ended) ->
    Until = min(Actors, Born + 100),
    Batch = [element(2, {ok, _} = supervisor:start_child(Supervisor, [Index])) || Index <- lists:seq(Born, Until - 1)],
    [ok = supervisor:terminate_child(Supervisor, Worker) || Worker <- Batch],
    Gone = [Worker || Worker <- Batch, not is_process_alive(Worker)],
    batches(Supervisor, Until, Actors, Ended + length(Gone)).

start_worker(Index) -> gen_server:start_link(?MODULE, {worker, Index}, []).

init(supervisor) ->
    Worker = #{id => worker, start => {?MODULE, start_worker, []}, restart => transient, type => worker},
    {ok, {#{strategy => simple_one_for_one, intensity => 3, period => 5}, [Worker]}};
init({worker, Index}) ->
    {ok, Index}.

handle_call(_Request, _From, Index) -> {reply, Index, Index}.

handle_cast(_Request, Index) -> {noreply, Index}.
